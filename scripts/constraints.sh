#!/bin/sh
# Write constraints.txt (everything) and constraints-run.txt (what running needs, the same versions).
# Universal: one file for every platform and every Python from 3.11 on; hashes, but no index address.
set -eu
cd "$(dirname "$0")/.."

pin() {
    uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate "$@"
}

pin --all-extras --group dev --group build --output-file constraints.txt
pin --group build --constraint constraints.txt --output-file constraints-run.txt
