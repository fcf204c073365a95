# Two commands do everything: `make demo` and `make test`. The rest is for people who work on it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
ARGS ?=
STEPS ?= 1000000

# The first Python of the right version; PYTHON=... names another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info[:2] not in ((3,11),(3,12)))' >/dev/null 2>&1 && { echo $$p; break; }; done)

export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PYTHONPATH := $(CURDIR)

.PHONY: help setup demo stop test e2e lint format bench campaign cheats calibration artifacts clean

help: ## List the commands
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /  make \1\t/' | expand -t 20

setup: ## Install everything into .venv and node_modules (the other commands do it by themselves)
	@p="$(PYTHON)"; [ -n "$$p" ] || p=$$(command -v python3 || command -v python || true); \
	[ -n "$$p" ] || { echo "setup: no Python found: install Python 3.11 or 3.12." >&2; exit 1; }; \
	"$$p" setup/install.py

demo: setup ## A live stream through the whole network on a local chain (ARGS="--once --input FILE")
	@python -m offchain.node.demo $(ARGS)

stop: ## End a demo left running
	@if [ -x .venv/bin/python ]; then python -m offchain.node.demo --stop; fi

test: setup ## Unit, property and stateful tests (under 12 minutes on two cores)
	@python -m pytest -p no:ape_test -m "not e2e" tests $(ARGS)
	@ape test tests/ape -q

e2e: setup ## Real processes: chain, nodes, browser (under 12 minutes)
	@python -m pytest -p no:ape_test -m e2e --timeout 90 tests $(ARGS)

lint: setup ## Formatting, types, the law of imports, artifacts up to date
	@"$(PYTHON)" setup/install.py --lint
	@ruff check .
	@ruff format --check .
	@mypy
	@lint-imports --no-cache
	@.venv-lint/bin/python setup/check_vyper.py
	@python scripts/artifacts.py --check

format: setup ## Rewrite Python and Vyper files in the house format
	@"$(PYTHON)" setup/install.py --lint
	@ruff check --fix . && ruff format .
	@find contracts -name '*.vy' -o -name '*.vyi' | xargs .venv-lint/bin/mamushi -q -l 100

bench: setup ## Measure, and write bench/RESULTS.md and bench/results.json
	@python -m bench $(ARGS)

campaign: setup ## The long forms of the tests (STEPS=1000000 ARGS="--machine jobs"), resumable
	@python -m tests.contracts.stateful.campaign --steps $(STEPS) $(ARGS)

cheats: setup ## Every way of cheating and 500 honest segments, end to end (an hour), resumable
	@python -m tests.e2e.cheats $(ARGS)

calibration: setup ## Judge thousands of honest and cheated segments (an hour), resumable
	@python -m bench.calibration measure $(ARGS) && python -m bench.calibration report

artifacts: setup ## Compile the contracts into the package data that nodes read
	@python scripts/artifacts.py

clean: ## Remove what set-up and runs have made
	@rm -rf .venv .venv-lint node_modules .run .build .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis offchain/web/vendor *.egg-info
