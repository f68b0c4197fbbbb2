# shellcheck shell=bash
# The tester that holds a running gateway to its OpenAPI description.

install_contract() {
    local pins="$root/tests/contract/requirements.txt"
    local venv="$tools/contract"
    if ! [[ -x "$venv/bin/st" ]] || ! is_done contract "$pins"; then
        say "installing schemathesis"
        [[ -x "$venv/bin/python" ]] || python3 -m venv "$venv"
        "$venv/bin/python" -m pip --quiet --disable-pip-version-check install \
            --no-deps --requirement "$pins" >&2
        mark_done contract "$pins"
    fi
}
