# Every target is one line over a command that works alone.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh
PYTHON ?= python3
RUN := .venv/bin/python
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: help setup demo train serve ui score drift mlflow load bench test slow faults coverage check lint types format docs bento \
	image audit workflows locks clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: .venv/full ## Install the locked dependencies into .venv

demo: .venv/full ## Train on synthetic clients unless a champion exists, then serve API and page
	@$(RUN) -m serving.cli.demo

train: .venv/full ## Train on DATA=folder of tables, synthetic ones without it
	@$(RUN) -m training $(if $(DATA),--data $(DATA))

serve: .venv/full ## Serve the champion over HTTP
	@$(RUN) -m serving

ui: .venv/full ## Serve the adviser's page
	@$(RUN) -m ui

score: .venv/full ## Score DATA=folder of tables into OUT=file.parquet
	@$(RUN) -m batch --data $(or $(DATA),$(error DATA=folder is needed)) --out $(or $(OUT),$(error OUT=file.parquet is needed))

drift: .venv/full ## Compare the decisions, or CURRENT=folder of tables, with the training data
	@$(RUN) -m monitoring drift --reference train --current $(or $(CURRENT),ledger) --out $(or $(OUT),$(or $(CREDIT_HOME),var)/reports/drift)

mlflow: .venv/full ## Browse trainings in MLflow on port 5000, or PORT
	@$(RUN) -m training.tracking $(if $(PORT),--port $(PORT))

load: .venv/dev ## Put a service under load: SHAPE=ramp, soak or spike; CALLERS, SECONDS, BENTO
	@$(RUN) -m loadtests --shape $(or $(SHAPE),ramp) $(if $(CALLERS),--callers $(CALLERS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(BENTO),--bento $(BENTO))

bench: .venv/dev ## Measure WHAT=serving, saturation, batching, features or scale_out
	@$(RUN) -m benchmarks.$(or $(WHAT),serving)

test: .venv/dev ## Run all tests but the slow ones
	@$(RUN) -m pytest -m "not slow" --numprocesses logical --dist loadgroup

slow: .venv/dev ## Run the slow tests, which train, load and kill
	@$(RUN) -m pytest -m slow --numprocesses logical --dist loadgroup tests

faults: .venv/dev ## Seed faults into copies of the tree and check that a test fails for each
	@$(RUN) -m tests.seeded_faults

coverage: .venv/dev ## Run the tests with line and branch coverage; report in var/coverage
	@$(RUN) -m pytest -m "not slow" --numprocesses logical --dist loadgroup --cov --cov-branch --cov-report=term:skip-covered --cov-report=html:var/coverage

check: lint types test ## Style, types, tests; CI adds slow, faults, docs and bento

lint: .venv/dev ## Check style, imports and spelling
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@.venv/bin/lint-imports
	@.venv/bin/codespell README.md CHANGELOG.md CONTRIBUTING.md docs

types: .venv/dev ## Check types
	@$(RUN) -m mypy .

format: .venv/dev ## Format the code, and fix what the linter can
	@$(RUN) -m ruff check --fix-only --quiet .
	@$(RUN) -m ruff format .

docs: .venv/dev ## Build the documentation into var/site; warnings are errors
	@NO_MKDOCS_2_WARNING=1 DISABLE_MKDOCS_2_WARNING=true $(RUN) -m mkdocs build --strict --site-dir var/site

bento: .venv/full ## Build the bento of the champion
	@$(RUN) -m serving.packaging.bento

image: .venv/full ## Build the bento, then its container image as IMAGE
	@$(RUN) -m serving.packaging.bento --image $(or $(IMAGE),credit-scoring:dev)

audit: .venv/dev ## Check what ships for known vulnerabilities
	@.venv/bin/pip-audit --require-hashes --disable-pip -r requirements/serve.txt

workflows: .venv/dev ## Check the workflows for faults
	@.venv/bin/zizmor --offline --quiet .github

locks: .venv/uv ## Compile requirements/ from pyproject.toml
	@$(COMPILE) pyproject.toml --extra full --extra dev --output-file requirements/dev.txt
	@$(COMPILE) pyproject.toml --extra full --constraint requirements/dev.txt --output-file requirements/full.txt
	@$(COMPILE) pyproject.toml --constraint requirements/dev.txt --output-file requirements/serve.txt
	@$(COMPILE) --group pyproject.toml:page --constraint requirements/dev.txt --output-file requirements/page.txt

clean: ## Delete .venv, caches and all state under CREDIT_HOME
	rm -rf .venv "$(or $(CREDIT_HOME),var)" .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; set PYTHON=/path/to/it" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python's venv is missing: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ctypes.util, sys; sys.exit(not ctypes.util.find_library("gomp"))' || \
		{ echo "LightGBM needs OpenMP: apt-get install libgomp1" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --require-hashes -r requirements/uv.txt
	@touch $@

.venv/full: .venv/uv requirements/full.txt
	@echo "Installing the locked dependencies into .venv"
	@.venv/bin/uv pip install --compile-bytecode --python $(RUN) --require-hashes -r requirements/full.txt
	@touch $@

.venv/dev: .venv/uv requirements/dev.txt
	@echo "Installing the locked development dependencies into .venv"
	@.venv/bin/uv pip install --compile-bytecode --python $(RUN) --require-hashes -r requirements/dev.txt
	@touch $@
