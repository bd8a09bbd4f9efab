#!/usr/bin/env bash
# What a CI job in any language does with temporary schemas: takes one, works in it, and drops it.
#
# TENANTRY names the program, DATABASE_URL and the like its database. psycopg is tried where python3 has it; with
# REQUIRE_PSYCOPG set, its absence is a failure.
set -euo pipefail

fail() {
    echo "temp_schema_ci: $*" >&2
    exit 1
}

mine=
other=
cleanup() {
    for schema in $mine $other; do
        "$TENANTRY" temp-schema drop "$schema" >/dev/null
    done
}
trap cleanup EXIT

other=$("$TENANTRY" temp-schema create --ttl 10m | sed -n 's/^export TENANTRY_SCHEMA=//p')
eval "$("$TENANTRY" temp-schema create --ttl 10m)"
mine=$TENANTRY_SCHEMA
if [ -z "$other" ] || [ "$mine" = "$other" ]; then
    fail "expected two schemas, got '$mine' and '$other'"
fi

query() {
    psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --command "$1" "$TENANTRY_DSN"
}

[ "$(query 'SELECT current_schema()')" = "$mine" ] || fail "psql is not in $mine"
[ "$(query 'SELECT count(*) FROM users')" = 0 ] || fail "the migrated table users is not there, or not empty"
if refused=$(query "SELECT count(*) FROM $other.users" 2>&1); then
    fail "psql read $other from $mine"
fi
[[ $refused == *"permission denied"* ]] || fail "expected permission denied, got: $refused"
echo "psql: ok"

if python3 -c 'import psycopg' 2>/dev/null; then
    OTHER=$other python3 - <<'PYTHON'
import os
import psycopg

with psycopg.connect(os.environ["TENANTRY_DSN"]) as connection:
    schema = connection.execute("SELECT current_schema()").fetchone()[0]
    assert schema == os.environ["TENANTRY_SCHEMA"], schema
    assert connection.execute("SELECT count(*) FROM projects").fetchone()[0] == 0
    try:
        connection.execute(f"SELECT count(*) FROM {os.environ['OTHER']}.users")
    except psycopg.errors.InsufficientPrivilege:
        connection.rollback()
    else:
        raise AssertionError("psycopg read another schema")
PYTHON
    echo "psycopg: ok"
elif [ -n "${REQUIRE_PSYCOPG:-}" ]; then
    fail "python3 has no psycopg, and REQUIRE_PSYCOPG is set: python3 -m pip install 'psycopg[binary]'"
else
    echo "psycopg: not tried, python3 does not have it"
fi
