#!/bin/sh
# Runs once, in an empty cluster: a role without special rights that owns its database. The role of DATABASE_URL must
# not be a superuser; the owner of a database may create the three extensions, which are trusted.
set -eu

psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set=password="$DATABASE_PASSWORD" <<'SQL'
CREATE ROLE marketplace LOGIN PASSWORD :'password' CONNECTION LIMIT 250;
-- Letters of all scripts; with LC_CTYPE C the search takes ASCII's alone (docs/operators.md).
CREATE DATABASE marketplace OWNER marketplace TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8';
REVOKE CONNECT ON DATABASE marketplace FROM PUBLIC;
SQL
