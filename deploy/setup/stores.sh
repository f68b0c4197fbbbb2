# shellcheck shell=bash
# Servers that speak the protocols of the clouds, for the tests of the object store.

install_stores() {
    local from="$root/tests/stores"
    local azure="$tools/azure"
    command -v npm >/dev/null || die "Node is missing: install Node 20 or newer with npm"
    install_venv s3 "$from/requirements.txt" "the S3 server"
    if ! [[ -d "$azure/node_modules" ]] || ! is_done azure "$from/package-lock.json"; then
        say "installing the Azure server"
        mkdir -p "$azure"
        cp "$from/package.json" "$from/package-lock.json" "$azure"
        (cd "$azure" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
        mark_done azure "$from/package-lock.json"
    fi
}
