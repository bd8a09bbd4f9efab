#!/usr/bin/env bash
# Tags the next version and publishes it as a release.
#
# Usage: release.sh rc|patch|minor|major
# Every tag is a commit that carries its own version. A candidate's commit hangs beside main; a release's moves it.
set -euo pipefail
cd "$(dirname "$0")/.."

bump=$1
version=$(git tag --list | .github/next-version.sh "$bump")
flags=(--generate-notes --verify-tag --title "$version")
refs=("refs/tags/v$version")

sed -i "0,/^version = /s/^version = .*/version = \"$version\"/" Cargo.toml
sed -i "/^name = \"tenantry\"$/{n;s/.*/version = \"$version\"/}" Cargo.lock
if [ "$bump" = rc ]; then
    flags+=(--prerelease)
else
    sed -i "s/^## \[Unreleased\]$/&\n\n## [$version] - $(date --utc +%F)/" CHANGELOG.md
    refs+=(HEAD:main)
fi

git config user.name "github-actions[bot]"
git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
git commit --quiet --all --message "chore: release $version"
git tag --annotate "v$version" --message "$version"
# Both or neither: when main has moved in the meantime, nothing is published, and a second run is safe.
git push --atomic origin "${refs[@]}"
gh release create "v$version" "${flags[@]}"
