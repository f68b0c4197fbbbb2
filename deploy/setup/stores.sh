# shellcheck shell=bash
# Servers that speak the protocols of the clouds, for the tests of the object store.

install_stores() {
    local from="$root/tests/stores"
    local s3="$tools/s3" azure="$tools/azure"
    command -v npm >/dev/null || die "Node is missing: install Node 20 or newer with npm"
    if ! [[ -x "$s3/bin/python" ]] || ! is_done s3 "$from/requirements.txt"; then
        say "installing the S3 server"
        [[ -x "$s3/bin/python" ]] || python3 -m venv "$s3"
        "$s3/bin/python" -m pip --quiet --disable-pip-version-check install \
            --no-deps --requirement "$from/requirements.txt" >&2
        mark_done s3 "$from/requirements.txt"
    fi
    if ! [[ -d "$azure/node_modules" ]] || ! is_done azure "$from/package-lock.json"; then
        say "installing the Azure server"
        mkdir -p "$azure"
        cp "$from/package.json" "$from/package-lock.json" "$azure"
        (cd "$azure" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
        mark_done azure "$from/package-lock.json"
    fi
}
