# `make demo` and `make test` set up what they need in .venv; nothing is installed outside of it.

PYTHON ?= python3
BIN := .venv/bin
DATA ?=
FORMAT ?=
KEEP ?=
SHORT ?=
ONLY ?=
SEED ?=
TEST_FROM ?=
# A test worker for each core: half of their time they wait for PostgreSQL and child processes.
TEST_WORKERS ?= auto

.PHONY: demo serve test chaos check format lint types imports lock bench-memory bench-start bench-queue bench-models clean

demo: .venv/run.stamp
	@$(BIN)/matchday demo $(if $(DATA),--data "$(DATA)") $(if $(filter json,$(FORMAT)),--json) $(if $(KEEP),--keep)

serve: .venv/run.stamp
	@$(BIN)/matchday serve

test: .venv/dev.stamp
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist worksteal

# SHORT=1: once each, what the tests run; ONLY=4,5b: these faults; SEED=1: the same random choices again.
chaos: .venv/dev.stamp
	@$(BIN)/python -m tests.chaos $(if $(SHORT),--short) $(if $(LONG),--long) $(if $(ONLY),--only "$(ONLY)") $(if $(SEED),--seed "$(SEED)")

check: format lint types imports

format: .venv/dev.stamp
	$(BIN)/ruff format --check .

lint: .venv/dev.stamp
	$(BIN)/ruff check .

types: .venv/dev.stamp
	$(BIN)/mypy .

imports: .venv/dev.stamp
	$(BIN)/lint-imports

bench-memory: .venv/run.stamp
	$(BIN)/python -m bench.memory

bench-start: .venv/run.stamp
	$(BIN)/python -m bench.first_steps

# QUICK=1: one small round; ONLY=matchday,raw: these contestants. Installs the others under .matchday once.
bench-queue: .venv/run.stamp
	$(BIN)/python -m bench.queue $(if $(QUICK),--quick) $(if $(ONLY),--only "$(ONLY)")

# DATA=folder TEST_FROM=2122: trained on the seasons before, judged on this one and later ones.
bench-models: .venv/dev.stamp
	$(if $(and $(DATA),$(TEST_FROM)),,$(error write: make bench-models DATA=folder TEST_FROM=2122))
	@$(BIN)/python -m bench.models "$(DATA)" "$(TEST_FROM)"

# The lock files carry versions and hashes, and serve every Python from 3.11 on. What is tested is what is
# installed elsewhere: the tests' file decides the versions of all.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" pyproject.toml

lock: .venv/dev.stamp
	$(COMPILE) --extra worker --extra embedded --extra dev --output-file requirements-dev.txt
	$(COMPILE) --constraint requirements-dev.txt --output-file requirements.txt
	$(COMPILE) --constraint requirements-dev.txt --extra worker --output-file requirements-worker.txt
	$(COMPILE) --constraint requirements-dev.txt --extra worker --extra embedded --output-file requirements-embedded.txt

clean:
	rm -rf .venv .matchday .mypy_cache .ruff_cache .import_linter_cache .hypothesis

.venv/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "matchday needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/run.stamp: .venv/python.stamp requirements-embedded.txt pyproject.toml
	@echo "Installing matchday into .venv" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-embedded.txt >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . >&2
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	@echo "Installing the test tools into .venv" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt >&2
	@touch $@
