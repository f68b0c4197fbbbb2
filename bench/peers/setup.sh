#!/usr/bin/env bash
# Installs what the bench measures Millrace against, into bench/.peers; run again, it takes a moment.
#
#   bench/peers/setup.sh NAME…    bullmq, celery, arq, taskiq-nats, apalis, litellm, smg, portkey, nginx, vips, ffmpeg
#
# When a peer can not be had, it ends with an error and the last line on stderr says why.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
# shellcheck source-path=SCRIPTDIR/../..
source "$root/deploy/setup/common.sh"
# shellcheck source-path=SCRIPTDIR/../..
source "$root/deploy/setup/debian.sh"
# shellcheck source-path=SCRIPTDIR/../..
source "$root/deploy/setup/wheels.sh"

from="$root/bench/peers"
peers="$root/bench/.peers"
mkdir -p "$peers"

# Runs a command and keeps what it says in a log, so that stderr holds the reason and nothing else. It holds no lock: what
# it has started may outlive it.
logged() {
    local log="$peers/$1.log" status
    shift
    # Not within a condition, where a function would go on after an error.
    set +e
    (
        set -e
        "$@"
    ) >"$log" 2>&1 8>&-
    status=$?
    set -e
    ((status == 0)) || die "${log##*/} says: $(grep -v '^$' "$log" | tail -n 1)"
}

install_python_peer() {
    local name=$1 pin="$from/$1/requirements.txt"
    if [[ -x "$peers/$name/bin/python" ]] && is_done "$name" "$pin"; then return 0; fi
    want_python_venv
    install_wanted
    say "installing $name"
    logged "$name" install_venv "$name" "$pin" "$name"
}

install_node_peer() {
    local name=$1 pin="$from/$1/package-lock.json"
    if [[ -d "$peers/$name/node_modules" ]] && is_done "$name" "$pin"; then return 0; fi
    command -v npm >/dev/null || die "Node is missing: install Node 20 or newer with npm"
    say "installing $name"
    mkdir -p "$peers/$name"
    cp "$from/$name/package.json" "$pin" "$peers/$name"
    # Not `npm ci`: it wants entries for packages of systems that not every registry has.
    logged "$name" npm install --prefix "$peers/$name" --ignore-scripts --no-audit --no-fund --loglevel=error
    mark_done "$name" "$pin"
}

# The build's files are a hundred times the size of the program and go again.
install_apalis() {
    local at="$peers/apalis" build="$peers/apalis-build"
    local files=("$from/apalis/Cargo.toml" "$from/apalis/Cargo.lock" "$from"/apalis/src/*.rs)
    if [[ -x "$at/round" ]] && is_done apalis "${files[@]}"; then return 0; fi
    command -v cargo >/dev/null || die "Rust is missing: install the toolchain named in rust-toolchain.toml with rustup"
    say "building apalis"
    logged apalis cargo build --release --locked --manifest-path "$from/apalis/Cargo.toml" --target-dir "$build"
    mkdir -p "$at"
    mv "$build/release/apalis-round" "$at/round"
    rm -r "$build"
    mark_done apalis "${files[@]}"
}

want_debian() {
    want_command "$1" "$2"
    install_wanted
}

setup_peer() {
    case "$1" in
        bullmq | portkey) install_node_peer "$1" ;;
        celery | arq | taskiq-nats | litellm | smg) install_python_peer "$1" ;;
        apalis) install_apalis ;;
        nginx) PATH="$PATH:/usr/sbin" want_debian nginx nginx ;;
        vips) want_debian vips libvips-tools ;;
        ffmpeg) want_debian ffmpeg ffmpeg ;;
        *) die "unknown peer: $1" ;;
    esac
    case "$1" in
        bullmq | celery | arq | apalis) want_debian redis-server redis-server ;;
        taskiq-nats) "$root/deploy/setup.sh" nats ;;
    esac
}

# What the set-up of the repository shares with this one is done; from here marks and logs lie beside the peers, and
# nobody need wait for them who installs something else.
flock --unlock 8
# shellcheck disable=SC2034 # common.sh marks there what is done
tools="$peers"
exec 8>"$peers/.setup.lock"
flock --wait 300 8 || die "another set-up goes on"

for peer in "$@"; do setup_peer "$peer"; done
