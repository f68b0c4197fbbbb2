#!/usr/bin/env bash
# Compiles our own crates with the coverage that libFuzzer looks at. cargo calls it for the crates of the workspace only
# (RUSTC_WORKSPACE_WRAPPER), so that all others are those of the ordinary build. These are the flags that
# `cargo fuzz --sanitizer none` sets; none of them needs a nightly toolchain.
set -euo pipefail
rustc=$1
shift
case " $* " in
    *" --crate-name build_script_"* | *" --crate-type proc-macro "* | *" --print"* | *" -vV "*) exec "$rustc" "$@" ;;
esac
exec "$rustc" "$@" --cfg fuzzing -Copt-level=1 -Ccodegen-units=4 \
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
