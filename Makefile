# What people run. Each target stands alone on a fresh clone; finished steps leave a stamp in .make/.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup run test check types rules fmt bench lock clean

HOST ?= 127.0.0.1
PORT ?= 8000
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes
SOURCES := app.py gunicorn.conf.py merchant_admin portone_sandbox migrations tests bench
export HOST PORT
# Images of containers often forbid it; without compiled code each process of the tests compiles the whole product anew.
export PYTHONDONTWRITEBYTECODE :=

help:
	@echo "make run     a demo merchant at http://$(HOST):$(PORT) (HOST=, PORT=)"
	@echo "make test    every test; installs or names what this machine lacks"
	@echo "make check   format, lint, types, imports, templates, translations, migrations"
	@echo "make fmt     tidy the code          make bench   how fast pages and the sandbox answer"
	@echo "make setup   only .venv             make lock    pin the dependencies anew"

.venv/pyvenv.cfg:
	@for python in $${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    exec "$$python" -m venv .venv; fi; done; \
	echo "Python 3.11 or newer is needed (set PYTHON= to name one)." >&2; exit 1

.make/setup: requirements.txt .venv/pyvenv.cfg
	@echo "Installing the packages of requirements.txt into .venv ..."
	@$(PIP) -r requirements.txt
	@mkdir -p .make && touch $@

.make/dev: requirements-dev.txt .make/setup
	@echo "Installing what tests and checks need into .venv ..."
	@$(PIP) -r requirements-dev.txt
	@mkdir -p .make && touch $@

.make/node: package-lock.json
	@echo "Installing the browser files that tests serve ..."
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@mkdir -p .make && touch $@

# Published clients of PortOne V1 that the sandbox is tried against, apart from our own packages.
.make/clients: tests/portone_sandbox/clients/python.txt tests/portone_sandbox/clients/package-lock.json .make/dev
	@$(PIP) --no-deps --upgrade --target .make/published -r tests/portone_sandbox/clients/python.txt
	@if command -v npm >/dev/null; then \
	  npm ci --prefix tests/portone_sandbox/clients --ignore-scripts --no-audit --no-fund --loglevel=error; fi
	@touch $@

setup: .make/setup

run: .make/setup
	@$(BIN)/flask --app app db upgrade
	@$(BIN)/flask --app app demo fill
	@exec $(BIN)/gunicorn app:app

# Two runs: the quick rings on every core, then the browsers by themselves, so that their clocks are not disturbed.
# In each, a core that is done takes over half of what waits for another; tests marked `long` are begun first.
test: .make/dev
	@tests/support/machine.sh
	@$(MAKE) --no-print-directory .make/clients
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory .make/node; fi
	@failed=0; \
	$(BIN)/pytest -n auto --dist worksteal -m "not journey" || failed=1; \
	$(BIN)/pytest -n 2 --dist worksteal -m journey || failed=1; \
	exit $$failed

# Reading the types takes as long as everything else together: they are read beside it.
check: .make/dev
	@$(MAKE) --no-print-directory --jobs=2 --output-sync types rules

types:
	$(BIN)/mypy

rules:
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/djlint templates portone_sandbox/templates --lint --quiet
	$(BIN)/python -m tests.policy.translations
	$(BIN)/python -m tests.policy.models_match_migrations

fmt: .make/dev
	@$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

bench: .make/dev
	@$(BIN)/python -m bench

# The file names no index, so that it installs from wherever the machine is told to look.
lock: .make/dev
	@for list in requirements requirements-dev; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" $$list.in -o $$list.txt; done

clean:
	rm -rf .make .venv node_modules static/vendor
