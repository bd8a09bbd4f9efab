#!/usr/bin/env bash
# Reads the repository's tags from standard input, prints the version that follows.
#
# Usage: git tag --list | next-version.sh rc|patch|minor|major
# `rc` is the next candidate of the patch after the newest release; before the first release, of 0.1.0.
set -euo pipefail

bump=${1:-}
tags=$(cat)
newest=$(sed -nE 's/^v([0-9]+\.[0-9]+\.[0-9]+)$/\1/p' <<<"$tags" | sort --version-sort | tail -n 1)
IFS=. read -r major minor patch <<<"${newest:-0.0.0}"

case $bump in
    major) echo "$((major + 1)).0.0" ;;
    minor) echo "$major.$((minor + 1)).0" ;;
    patch) echo "$major.$minor.$((patch + 1))" ;;
    rc)
        target=0.1.0
        [ -z "$newest" ] || target="$major.$minor.$((patch + 1))"
        last=$(sed -nE "s/^v${target//./\\.}-rc\.([0-9]+)$/\1/p" <<<"$tags" | sort --numeric-sort | tail -n 1)
        echo "$target-rc.$((${last:-0} + 1))"
        ;;
    *)
        echo "expected rc, patch, minor or major, got '$bump'" >&2
        exit 2
        ;;
esac
