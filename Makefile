# Everything that is done to this repository from a shell. `make help` lists it.

CARGO ?= cargo
# Where `make up` keeps its data.
DATA_DIR ?= data

# Programs that set-up installed come first; shear and nextest are found by cargo on the path.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

SCRIPTS := deploy/setup.sh $(wildcard tests/fixtures/*/*.sh) $(wildcard fuzz/*.sh) \
	$(addprefix bench/peers/,setup.sh run.sh gateway.sh) .ci/run
# How long `make fuzz` tries each target, and how many requests it makes up for each route.
SECONDS ?= 60
EXAMPLES ?= 200

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo up test fuzz bench chaos check audit release fmt setup setup-demo setup-check setup-test

help: ## Shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup-demo ## Runs real jobs in all three call styles and ends; INPUT=photo.jpg takes your own file
	$(CARGO) build --locked --package cli
	target/debug/millrace demo $(if $(INPUT),--input "$(INPUT)")

up: setup-demo ## Starts everything on this machine and stays; ARGS="--llm URL" and the like are passed on
	$(CARGO) build --locked --package cli
	target/debug/millrace up --data-dir "$(DATA_DIR)" $(ARGS)

# Programs and tests are built in one go: apart, they would be built with different features, twice.
test: setup-test ## The whole suite; ARGS are passed to the test runner
	$(CARGO) build --locked --workspace --bins --tests
	$(CARGO) test --locked --workspace --doc --quiet
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		set -x; $(CARGO) nextest run --locked --workspace $(ARGS); \
	else \
		set -x; $(CARGO) test --locked --workspace --lib --bins --tests $(ARGS); \
	fi

fuzz: setup-test ## Made-up input: SECONDS=60 for each of TARGETS, EXAMPLES=200 for each route of the API
	fuzz/run.sh $(SECONDS) $(TARGETS)
	$(CARGO) build --locked --workspace --bins --tests
	CONTRACT_EXAMPLES=$(EXAMPLES) $(CARGO) test --locked --workspace --test it contract::the_gateway -- --nocapture

# The load and what it loads are of one build.
bench: setup-demo ## Measures against limits and peers, in half an hour; NAME="submit jobs" only these, ARGS as --no-peers
	$(CARGO) build --locked --release --package cli --package bench
	target/release/bench $(NAME) $(ARGS)

chaos: setup-test ## Breaks a cluster on purpose and audits what was promised; SEED=17 runs one seed, SEEDS=50 so many
	$(CARGO) build --locked --package cli --package tests --bins
	target/debug/chaos

check: setup-check ## Formatting, scripts, licences, unused dependencies, lints and documentation
	$(CARGO) fmt --all --check
	shellcheck --external-sources --check-sourced $(SCRIPTS)
	cargo-deny --locked check licenses bans sources
	cargo-shear --locked
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" $(CARGO) doc --locked --workspace --no-deps --document-private-items

audit: setup-check ## Known vulnerabilities; fetches its database from the open internet
	cargo-deny --locked check advisories

release: setup-demo ## The optimised program, target/release/millrace
	$(CARGO) build --locked --release --package cli

fmt: ## Formats the code
	$(CARGO) fmt --all

setup: setup-demo setup-check setup-test ## Installs all that the others need; they call it by themselves

setup-demo setup-check setup-test: setup-%:
	@deploy/setup.sh $*
