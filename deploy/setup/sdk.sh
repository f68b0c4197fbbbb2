# shellcheck shell=bash
# The official SDKs that the suite talks to Millrace with.

install_sdks() {
    local python="$root/tests/sdk/python" node="$root/tests/sdk/node"
    command -v npm >/dev/null || die "Node is missing: install Node 20 or newer with npm"
    install_venv sdk-python "$python/requirements.txt" "the Python SDKs"
    if ! [[ -d "$node/node_modules" ]] || ! is_done sdk-node "$node/package-lock.json"; then
        say "installing the Node SDKs"
        npm ci --prefix "$node" --no-audit --no-fund --loglevel=error >&2
        mark_done sdk-node "$node/package-lock.json"
    fi
}
