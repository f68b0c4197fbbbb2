# shellcheck shell=bash
# Programs of the system. They are wanted first and installed together, so that apt runs once or not at all.

wanted=()

# Wants the Debian package $2 when the command $1 is missing.
want_command() { command -v "$1" >/dev/null || wanted+=("$2"); }

want_c_compiler() { want_command cc gcc; }

# A python3 without ensurepip can not make virtual environments.
want_python_venv() {
    python3 -c 'import ensurepip, venv' 2>/dev/null || wanted+=(python3-venv)
}

# Without the system's certificates no https endpoint can be called.
want_ca_certificates() { [[ -e /etc/ssl/certs/ca-certificates.crt ]] || wanted+=(ca-certificates); }

# Debian keeps the server's programs out of the path.
want_postgresql() {
    command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ||
        wanted+=(postgresql)
}

install_wanted() {
    ((${#wanted[@]})) || return 0
    local packages
    packages="$(printf '%s\n' "${wanted[@]}" | sort -u | tr '\n' ' ')"
    [[ -f /etc/debian_version ]] || die "this is not Debian; install what Debian calls: $packages"
    ((EUID == 0)) || die "not root; run this first: sudo apt-get install --no-install-recommends $packages"
    say "installing $packages"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    # shellcheck disable=SC2086 # a list of words
    apt-get install -qq --no-install-recommends $packages >"$tools/apt.log" 2>&1 || {
        tail -n 20 "$tools/apt.log" >&2
        die "apt-get could not install $packages"
    }
    wanted=()
}
