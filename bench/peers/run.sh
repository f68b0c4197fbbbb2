#!/usr/bin/env bash
# One round of a queue that Millrace is measured against: on servers of its own, in a folder of its own, all gone at
# the end. Prints one JSON object.
#
#   bench/peers/run.sh NAME PROFILE MEASURE
#
#   NAME      bullmq, celery, arq, taskiq-nats, apalis; bench/peers/setup.sh installs them
#   PROFILE   plain; fsync (Redis: appendfsync always, NATS: sync_interval always); latency (taskiq-nats: jobs are
#             fetched one by one)
#   MEASURE   enqueue, bulk (bullmq and apalis), drain, pickup, or all of them
#
# Every job carries 1 KiB and its handler does nothing. Enqueue and bulk: jobs accepted in 3 s after a warm-up, with 64
# submits awaited at once (Celery: two processes, one each), or 500 jobs in each call, four calls at once. Drain: a backlog, without the
# first tenth. Pickup: 200 jobs/s for 5 s on an idle queue, from when a submit was due until the handler runs.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
# shellcheck source-path=SCRIPTDIR/../..
source "$root/bench/peers/lib.sh"

(($# == 3)) || die "usage: run.sh NAME PROFILE MEASURE"
name=$1 profile=$2 measure=$3
from="$root/bench/peers/$name"
export PEER_HOME="$peers/$name" BENCH_PROFILE="$profile" BENCH_STAMPS="$work/stamps"
[[ -d "$from" && -d "$PEER_HOME" ]] || die "$name is not installed: bench/peers/setup.sh $name"

start_redis() {
    local options=(--save '' --appendonly no)
    promise=memory
    if [[ "$profile" == fsync ]]; then
        options=(--save '' --appendonly yes --appendfsync always)
        promise=fsync
    fi
    start redis redis-server --bind 127.0.0.1 --port "$1" --dir "$2" "${options[@]}"
    export BENCH_URL="redis://127.0.0.1:$1"
}

start_nats() {
    local config="$2/nats.conf" interval=2m
    promise="page cache"
    if [[ "$profile" == fsync ]]; then
        interval=always
        promise=fsync
    fi
    printf 'listen: "127.0.0.1:%s"\njetstream { store_dir: "%s", sync_interval: %s }\n' "$1" "$2" "$interval" >"$config"
    start nats nats-server --config "$config"
    export BENCH_URL="nats://127.0.0.1:$1"
}

# What one measure needs is started anew for it, so that no measure finds what another left.
round() {
    local port data="$work/data-$1" command
    port="$(free_port)"
    mkdir -p "$data"
    "start_$broker" "$port" "$data"
    wait_for_port "$port"
    case "$name" in
        bullmq) command=(node "$from/round.cjs") ;;
        apalis) command=("$PEER_HOME/round") ;;
        *) command=(env PYTHONPATH="$from:$root/bench/peers/python" "$PEER_HOME/bin/python" "$root/bench/peers/python/rounds.py") ;;
    esac
    (cd "$work" && exec setpriv --pdeathsig TERM "${command[@]}" "$1" >"$work/$1.json" 2>"$work/$1.err") &
    started+=("$!")
    wait "$!" || die "$name $1: $(grep -v '^$' "$work/$1.err" | tail -n 1)"
    end_started
    rm -rf "$data"
}

# The version that was installed, not the one that is asked for.
version() {
    case "$name" in
        bullmq) node -p 'require(process.env.PEER_HOME + "/node_modules/bullmq/package.json").version' ;;
        apalis) sed -n '/^name = "apalis-redis"/{n;s/version = "\(.*\)"/\1/p}' "$from/Cargo.lock" ;;
        *) "$PEER_HOME/bin/python" -c "from importlib.metadata import version; print(version('$name'))" ;;
    esac
}

broker=redis
[[ "$name" == taskiq-nats ]] && broker=nats
case "$profile/$name" in
    plain/* | fsync/* | latency/taskiq-nats) ;;
    *) die "$name has no profile $profile" ;;
esac
case "$measure/$name" in
    all/bullmq | all/apalis) measures=(enqueue bulk drain pickup) ;;
    all/*) measures=(enqueue drain pickup) ;;
    enqueue/* | drain/* | pickup/* | bulk/bullmq | bulk/apalis) measures=("$measure") ;;
    *) die "$name has no measure $measure" ;;
esac

for one in "${measures[@]}"; do round "$one"; done
python3 - "$name" "$(version)" "$promise" "${measures[@]/#/$work/}" <<'PYTHON'
import json, sys

peer, version, promise, *measures = sys.argv[1:]
row = {"peer": peer, "version": version, "promise": promise}
for measure in measures:
    with open(f"{measure}.json") as file:
        row |= {name: round(value, 2) for name, value in json.load(file).items()}
print(json.dumps(row))
PYTHON
