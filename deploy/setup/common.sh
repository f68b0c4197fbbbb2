# shellcheck shell=bash
# What the parts of deploy/setup.sh share. Expects $root.

tools="$root/.tools"
mkdir -p "$tools/bin"

# Two runs at once take turns, so that neither sees the other's half-made files.
exec 8>"$tools/.setup.lock"
flock 8

say() { printf 'setup: %s\n' "$*" >&2; }

die() {
    say "$@"
    exit 1
}

# Whether the step of this name was done with exactly these files.
is_done() {
    local name=$1
    shift
    [[ -f "$tools/.done-$name" && "$(<"$tools/.done-$name")" == "$(digest "$@")" ]]
}

mark_done() {
    local name=$1
    shift
    digest "$@" >"$tools/.done-$name"
}

digest() { cat "$@" | sha256sum | cut -d' ' -f1; }
