# shellcheck shell=bash
# What run.sh and gateway.sh share: free ports, processes that end with the script. Expects $root.

peers="$root/bench/.peers"
export PATH="$root/.tools/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

work="$(mktemp -d "${TMPDIR:-/tmp}/millrace-peer.XXXXXX")"
started=()

# Ends what was started, the newest first, and waits for it: five seconds, then by force.
end_started() {
    local index pid tries
    for ((index = ${#started[@]} - 1; index >= 0; index--)); do
        pid=${started[index]}
        kill "$pid" 2>/dev/null || continue
        for ((tries = 0; tries < 50; tries++)); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    started=()
}

clean_up() {
    end_started
    rm -rf "$work"
}
trap clean_up EXIT
# A trap runs once the command in the foreground has ended; that is why the scripts `wait` for what they start.
trap 'exit 143' TERM
trap 'exit 130' INT

# Starts a command in the background, its output in a log of this name. It ends with the script even when the script
# is killed.
start() {
    local log="$work/$1.log"
    shift
    setpriv --pdeathsig TERM "$@" >"$log" 2>&1 &
    started+=("$!")
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until the port of a process that was started last listens.
wait_for_port() {
    local port=$1 tries
    for ((tries = 0; tries < 100; tries++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return 0
        kill -0 "${started[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    die "no server on port $port: $(tail -q -n 1 "$work"/*.log)"
}
