# One word for each thing a person does here; `make` alone lists them.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
PYTEST := $(BIN)/pytest -n 3 --dist loadgroup
SOURCES := platform tenants dedupe plugins tests bench bin
FRONTEND := platform/minsheng/faces/frontend
# Without this the tests on real data are not collected: pyproject.toml leaves them out.
WITH_REAL := -o addopts="--import-mode=importlib --strict-markers --strict-config -p no:valkey"
REAL_DATA := $(or $(MINSHENG_SHARED_DATA),../shared/data)

.PHONY: help setup run test test-real lint fix docs screenshots bench proof lock clean

help: ## list what can be made
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: ## install what the service needs; quick when nothing changed
	@bin/setup

run: setup ## set everything up and run the service on embedded servers with demo data
	@$(BIN)/minsheng demo

test: ## set everything up and run every test (ARGS="-k name" for some)
	@bin/setup --test
	$(PYTEST) $(ARGS)

test-real: ## run the tests on the real data of ../shared/data (or MINSHENG_SHARED_DATA)
	@test -d "$(REAL_DATA)" || { echo "no real data at $(REAL_DATA): set MINSHENG_SHARED_DATA" >&2; exit 1; }
	@bin/setup --test
	$(PYTEST) $(WITH_REAL) tests/real $(ARGS)

lint: ## check style, types and the direction of imports
	@bin/setup --dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix $(FRONTEND) run --silent check

fix: ## mend style where a tool can
	@bin/setup --dev
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

docs: ## write the table of settings and check every page and link
	@bin/setup --dev
	$(BIN)/python bin/settings_page.py
	$(BIN)/pytest -q tests/repository/test_settings_documented.py tests/repository/test_links.py

screenshots: ## photograph every page of the running demo into screenshots/
	@bin/setup --test
	$(BIN)/python -m bench.screenshots $(ARGS)

bench: ## measure speed and quality; says what it leaves out
	@bin/setup --test
	$(BIN)/python -m bench $(ARGS)

proof: ## run every test at its full counts (long)
	@bin/setup --test
	MINSHENG_SCALE=10 $(PYTEST) $(ARGS)

lock: ## resolve the lock files anew from pyproject.toml
	$(or $(wildcard $(BIN)/python),python3) bin/lock.py

clean: ## remove what setup and the tools made; data in the home stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	rm -rf $(FRONTEND)/node_modules tests/oidc/provider/node_modules platform/minsheng/faces/static/dist screenshots
	find platform tenants dedupe plugins tests bench bin -name __pycache__ -prune -exec rm -rf {} +
	find platform -name '*.mo' -delete
