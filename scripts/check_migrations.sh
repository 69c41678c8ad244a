#!/bin/sh
# The models and the migrations say the same, and each migration is safe to run under load (squawk).
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
unset DATABASE_URL REDIS_URL
export INSTANCE_PATH="$place/instance" LOG_LEVEL=WARNING APP_ENV=development
flask="$BIN/python -m flask --app wsgi"
$flask db upgrade
$flask db check
$flask db upgrade --sql > "$place/migrations.sql"
"$BIN/squawk" --assume-in-transaction --pg-version 15.0 "$place/migrations.sql"
