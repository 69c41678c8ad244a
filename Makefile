# Two commands on a bare machine with Python 3.11 or later: `make run` serves, `make test` checks everything.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
CODE := marketplace tests bench scripts examples migrations/env.py wsgi.py gunicorn.conf.py
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
	--no-emit-index-url --no-emit-find-links
PYTEST_ARGS ?= -n 2 --dist loadfile

.PHONY: help run test check format lock clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/'

run: $(VENV)/run.stamp ## serve on HOST:PORT (127.0.0.1:8000), with a database of its own
	@exec $(BIN)/python -m marketplace.launch

test: check $(VENV)/s3.stamp ## everything that CI checks
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/dev.stamp ## format, lint, types, import contracts, migrations
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	BIN=$(BIN) sh scripts/check_migrations.sh

format: $(VENV)/dev.stamp ## put the code into form
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

lock: $(VENV)/dev.stamp ## pin requirements*.in with hashes
	$(LOCK) requirements.in -o requirements.txt
	for extra in embedded realtime otel; do \
		$(LOCK) requirements-$$extra.in -o requirements-$$extra.txt || exit 1; done
	$(LOCK) requirements-dev.in -c requirements.txt -o requirements-dev.txt
	$(LOCK) requirements-s3.in -o requirements-s3.txt

clean: ## remove the virtual environment and caches (not the data in instance/)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The environment is made anew when its Python has gone, or when the checkout has moved.
$(VENV)/made.stamp: FORCE
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or later is needed: install it, for example apt-get install python3" >&2; exit 1; fi
	@if [ ! -f $@ ] || [ "$$(cat $@)" != "$(CURDIR)" ] || ! $(BIN)/python -c '' 2>/dev/null; then \
		rm -rf $(VENV); \
		"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
			echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }; \
		"$(PYTHON)" -m venv $(VENV) || exit 1; \
		echo "$(CURDIR)" > $@; fi

$(VENV)/run.stamp: $(VENV)/made.stamp requirements.txt requirements-embedded.txt
	@if ! cat requirements.txt requirements-embedded.txt | cmp -s - $@ && [ ! -f $(VENV)/dev.stamp ]; then \
		echo "Installing what the program needs (once) ..."; \
		$(PIP) -r requirements.txt -r requirements-embedded.txt || exit 1; fi
	@cat requirements.txt requirements-embedded.txt > $@

$(VENV)/dev.stamp: $(VENV)/made.stamp requirements-dev.txt
	@if ! cmp -s requirements-dev.txt $@; then \
		echo "Installing what development needs (once) ..."; \
		$(PIP) -r requirements-dev.txt && cp requirements-dev.txt $@ || exit 1; fi

# moto, in an environment of its own within the other one: what it depends on does not go with what we do.
$(VENV)/s3.stamp: $(VENV)/made.stamp requirements-s3.txt
	@if ! cmp -s requirements-s3.txt $@; then \
		echo "Installing an S3 for the tests (once) ..."; \
		rm -rf $(VENV)/s3; $(BIN)/python -m venv $(VENV)/s3 && \
		$(VENV)/s3/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
			-r requirements-s3.txt && cp requirements-s3.txt $@ || exit 1; fi

FORCE:
