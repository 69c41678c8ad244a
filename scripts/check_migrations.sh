#!/bin/sh
# The models and the migrations say the same, and each migration is safe to run under load (squawk).
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
unset DATABASE_URL REDIS_URL
export PYTHONPATH=. INSTANCE_PATH="$place/instance" LOG_LEVEL=WARNING APP_ENV=development
flask="$BIN/python -m flask --app wsgi"
$flask db upgrade
$flask db check
"$BIN/python" scripts/migration_sql.py "$place"
# Alembic's own version table has a varchar; ours have none, the base maps str to text.
"$BIN/squawk" --pg-version 15.0 --exclude prefer-text-field "$place"/*.sql
