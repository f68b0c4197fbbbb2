# shellcheck shell=bash
# The official SDKs that the suite talks to Millrace with.

install_sdks() {
    local python="$root/tests/sdk/python" node="$root/tests/sdk/node"
    local venv="$tools/sdk-python"
    command -v npm >/dev/null || die "Node is missing: install Node 20 or newer with npm"
    if ! [[ -x "$venv/bin/python" ]] || ! is_done sdk-python "$python/requirements.txt"; then
        say "installing the Python SDKs"
        [[ -x "$venv/bin/python" ]] || python3 -m venv "$venv"
        "$venv/bin/python" -m pip --quiet --disable-pip-version-check install \
            --no-deps --requirement "$python/requirements.txt" >&2
        mark_done sdk-python "$python/requirements.txt"
    fi
    if ! [[ -d "$node/node_modules" ]] || ! is_done sdk-node "$node/package-lock.json"; then
        say "installing the Node SDKs"
        npm ci --prefix "$node" --no-audit --no-fund --loglevel=error >&2
        mark_done sdk-node "$node/package-lock.json"
    fi
}
