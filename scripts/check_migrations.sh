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
# Each migration by itself: what an earlier one made is there already when it runs.
down=base
for up in $(ls migrations/versions | sed -n 's/^\([0-9]*\)_.*\.py$/\1/p' | sort); do
    $flask db upgrade --sql "$down:$up" > "$place/$up.sql"
    down=$up
done
# Alembic's own version table has a varchar; ours have none, the base maps str to text.
"$BIN/squawk" --pg-version 15.0 --exclude prefer-text-field "$place"/*.sql
