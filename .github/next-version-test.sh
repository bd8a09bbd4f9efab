#!/usr/bin/env bash
# Checks next-version.sh: each line is what to bump, the tags there are, and the version that must follow.
set -euo pipefail
cd "$(dirname "$0")"

while read -r bump expected tags; do
    got=$(tr ' ' '\n' <<<"$tags" | ./next-version.sh "$bump")
    if [ "$got" != "$expected" ]; then
        echo "$bump after '$tags': expected $expected, got $got" >&2
        exit 1
    fi
done <<'CASES'
rc    0.1.0-rc.1
rc    0.1.0-rc.3   v0.1.0-rc.1 v0.1.0-rc.2
rc    0.1.0-rc.11  v0.1.0-rc.9 v0.1.0-rc.10
rc    0.1.1-rc.1   v0.1.0-rc.2 v0.1.0
rc    1.2.4-rc.2   v1.2.3 v1.2.4-rc.1 v1.10.4-rc.7
rc    1.10.1-rc.1  v1.9.0 v1.10.0 v1.2.4-rc.1
minor 0.1.0
minor 0.1.0        v0.1.0-rc.2
minor 0.3.0        v0.2.9
patch 1.2.4        v1.2.3 v1.2.4-rc.5 nightly
major 2.0.0        v1.10.3 v1.9.9
CASES

if ./next-version.sh huge </dev/null 2>/dev/null; then
    echo "expected next-version.sh to refuse an unknown bump" >&2
    exit 1
fi
echo "next-version.sh: ok"
