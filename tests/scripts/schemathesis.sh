#!/usr/bin/env bash
# Runs schemathesis against a server that it starts: every operation of the document, as member, admin and operator.
#
# Takes the arguments of tests/scripts/document/run.py; `--short` asks little. Python with what it needs is made below
# target/ once, unless DOCUMENT_PYTHON names one that has it.
set -euo pipefail
cd "$(dirname "$0")/../.."

requirements=tests/scripts/document/requirements.txt
python=${DOCUMENT_PYTHON:-}
if [ -z "$python" ]; then
    venv=target/schemathesis
    if ! cmp --silent "$requirements" "$venv/requirements.txt"; then
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
        cp "$requirements" "$venv/"
    fi
    python=$venv/bin/python
fi
cargo build --locked --bin tenantry
exec "$python" tests/scripts/document/run.py "$@"
