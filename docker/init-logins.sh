#!/bin/bash
# Makes the two logins and the database, once, when PostgreSQL's volume is new.
#
# tenantry_owner changes schemas and makes the tenants' roles. tenantry_app serves: it inherits nothing and owns
# nothing, so what it may touch is what the tenant role it wears may touch.
set -euo pipefail

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set owner_password="${OWNER_PASSWORD:?}" --set app_password="${APP_PASSWORD:?}" <<'SQL'
CREATE ROLE tenantry_owner LOGIN NOSUPERUSER CREATEROLE PASSWORD :'owner_password';
CREATE ROLE tenantry_app LOGIN NOSUPERUSER NOINHERIT PASSWORD :'app_password';
CREATE DATABASE tenantry OWNER tenantry_owner;
REVOKE ALL ON DATABASE tenantry FROM PUBLIC;
GRANT CONNECT ON DATABASE tenantry TO tenantry_app;
SQL
