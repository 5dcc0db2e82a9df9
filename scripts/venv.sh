#!/bin/sh
# Make a virtual environment in the folder $1 with the first Python here that is new enough.
set -eu

for name in python3 python3.13 python3.12 python3.11 python3.14 python; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        python=$name
        break
    fi
done
if [ -z "${python:-}" ]; then
    echo "earmark needs Python 3.11 or newer and found none on the PATH. Install one and run make again." >&2
    exit 1
fi

echo "Making $1 with $("$python" --version) ..."
if command -v uv >/dev/null 2>&1; then
    uv venv --quiet --clear --python "$("$python" -c 'import sys; print(sys.executable)')" "$1"
elif ! "$python" -m venv --clear "$1"; then
    rm -rf "$1"
    echo "$python can't make a virtual environment. On Debian and Ubuntu: apt install python3-venv. Then run make again." >&2
    exit 1
fi
