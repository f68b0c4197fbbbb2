# shellcheck shell=bash
# The tester that holds a running gateway to its OpenAPI description.

install_contract() {
    install_venv contract "$root/tests/contract/requirements.txt" schemathesis st
}
