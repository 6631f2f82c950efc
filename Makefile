# Everything a developer or operator types. `make help` lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SHELL  := /bin/bash
ARGS   ?=
AUDIO  ?= tests/audio/water_outage.wav
SIP    ?= sip:12345@127.0.0.1:5060

.DEFAULT_GOAL := help
.PHONY: help run call test lint types imports unit lock clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.runtime ## Start everything with the demo city (Ctrl+C stops; data under ./var)
	@$(BIN)/hotline up --demo $(ARGS)

call: $(VENV)/.runtime ## Place a demo citizen's call (AUDIO=file.wav SIP=uri)
	@$(BIN)/hotline call $(SIP) --audio $(AUDIO) --from 13900000001 $(ARGS)

test: lint types imports unit ## Everything CI runs

lint: $(VENV)/.dev ## Style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## Types
	$(BIN)/mypy

imports: $(VENV)/.dev ## Who may import whom
	$(BIN)/lint-imports

unit: $(VENV)/.dev ## Tests, with real servers (ARGS="tests/routing -x")
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered --cov-fail-under=90 $(ARGS)

lock: ## Renew the lock files from pyproject.toml (needs uv)
	uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml --group build -o requirements.lock
	uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml --group build --group dev -c requirements.lock -o requirements-dev.lock

clean: ## Remove what was built (not ./var)
	rm -rf $(VENV) build *.egg-info

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (PYTHON=… make …)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "On Debian: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing (once) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
