#!/usr/bin/env bash
# Fuzzes each target for a while: fuzz/run.sh [SECONDS [TARGET…]]. What it learns stays in target/fuzz/corpus and is
# where the next run goes on; an input that breaks a target lies in target/fuzz/found and ends the run with failure.
# FUZZ_RUNS=20000 tries so many inputs within the seconds, and on a new machine the same ones each time: a change is not to
# be blamed for what a lucky guess found in old code.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
shift || true
if (($#)); then targets=("$@"); else mapfile -t targets < <(ls fuzz/corpus); fi

# With the features of the ordinary build, whose dependencies are used again.
RUSTC_WORKSPACE_WRAPPER="$PWD/fuzz/rustc.sh" CARGO_INCREMENTAL=0 \
    "${CARGO:-cargo}" build --locked --workspace --bin fuzz

work=${CARGO_TARGET_DIR:-target}/fuzz
# libFuzzer takes -1 for no limit, and 0 for a seed of its own choice.
runs=${FUZZ_RUNS:--1}
seed=$((runs < 0 ? 0 : 1))
mkdir -p "$work/found"
fuzz() {
    local target=$1 log=$work/$1.log
    mkdir -p "$work/corpus/$target"
    if FUZZ_TARGET=$target "${CARGO_TARGET_DIR:-target}/debug/fuzz" \
        -max_total_time="$seconds" -runs="$runs" -seed="$seed" -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
        -artifact_prefix="$work/found/$target-" \
        "$work/corpus/$target" "fuzz/corpus/$target" >"$log" 2>&1; then
        if grep -q "no interesting inputs" "$log"; then
            echo "$target was compiled without coverage: nothing guides the fuzzer"
            return 1
        fi
        awk -v target="$target" '/number_of_executed_units/ { printf "%-12s %9d inputs, none breaks it\n", target, $2 }' "$log"
    else
        tail -n 60 "$log"
        echo "$target is broken by an input. Keep it, mend what it shows: cp $work/found/$target-* fuzz/corpus/$target/"
        return 1
    fi
}
export -f fuzz
export work seconds runs seed
# As many at once as there are processors.
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -euo pipefail -c 'fuzz {}'
