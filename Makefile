# Two commands on a bare machine with Python 3.11 or later: `make run` serves, `make test` checks everything.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# The first that runs: a name may be there and lead nowhere, as those of pyenv do.
PYTHON ?= $(shell for p in $(BIN)/python python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
CODE := marketplace tests bench scripts examples clients migrations/env.py wsgi.py gunicorn.conf.py
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
	--no-emit-index-url --no-emit-find-links
PYTEST_ARGS ?= -n 2 --dist loadfile
# What shows that a Python can be worked with: start, stop, the main job, the rules.
PYTHON_TESTS := tests/kernel tests/config tests/start tests/e2e/test_launch.py tests/e2e/test_main_job.py

.PHONY: help run demo tour test check contract test-python format catalogs lock clean packages-run packages-dev packages-s3

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/'

run: packages-run ## serve on HOST:PORT (127.0.0.1:8000), with a database of its own
	@exec $(BIN)/python -m marketplace.launch

demo: packages-run ## add a market of 1,000 performers with log-ins, or tell its log-ins again
	@$(BIN)/python -m marketplace.launch --prepare
	@$(BIN)/python -m flask --app wsgi demo seed --once --force

tour: packages-run ## the main job in the terminal, against the running server; wants `make demo` first
	@$(BIN)/python -m marketplace.tour

test: check packages-s3 ## everything that CI checks
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: packages-dev ## format, lint, types, import contracts, migrations, documents
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	BIN=$(BIN) sh scripts/check_migrations.sh
	$(BIN)/python -m scripts.lint_documents

packages-dev: ## install the packages of development, which plugins and typed clients want too

test-python: packages-dev ## start, main job and rules on another Python: make test-python PYTHON=python3.13 VENV=/tmp/v
	$(BIN)/python -m pytest $(PYTEST_ARGS) $(PYTHON_TESTS)

contract: packages-dev ## renew what is made from the API's documents; BREAKING=yes, RELEASE=version
	RECORD_EXAMPLES=1 $(BIN)/python -m pytest -q -n 0 tests/contract/test_examples.py
	$(BIN)/python -m scripts.contract $(if $(BREAKING),--breaking) $(if $(RELEASE),--release $(RELEASE))

format: packages-dev ## put the code into form
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

catalogs: packages-dev ## bring the catalogs of translations to the sentences of the code
	$(BIN)/python -m scripts.catalogs

lock: packages-dev ## pin requirements*.in with hashes
	$(LOCK) requirements.in -o requirements.txt
	for extra in embedded realtime otel h1c; do \
		$(LOCK) requirements-$$extra.in -o requirements-$$extra.txt || exit 1; done
	$(LOCK) requirements-dev.in -c requirements.txt -o requirements-dev.txt
	$(LOCK) requirements-uv.in -o requirements-uv.txt
	$(LOCK) requirements-s3.in -o requirements-s3.txt

clean: ## remove the virtual environment and caches (not the data in instance/)
	rm -rf $(VENV) $(VENV).lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

packages-run packages-dev packages-s3:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or later is needed: install it, for example apt-get install python3" >&2; exit 1; fi
	@"$(PYTHON)" scripts/environment.py $(VENV) $(@:packages-%=%)
