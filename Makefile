# The words to know: install, demo, test, test-fast, docs, bench, clean.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH := .venv-bench
BENCH_STAMP := $(BENCH)/.installed
WHEN := $(shell date +%Y%m%d-%H%M%S)

.PHONY: install demo test test-fast lint docs commands bench clean

install: $(STAMP)  ## make .venv with everything, the versions of constraints.txt

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "medidense needs Python 3.11 or later: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[test,docs,codecs,cifar]"
	@touch $@

demo: install  ## the whole chain on made-up scans; a new folder below demo/ each time
	$(BIN)/medidense demo --out demo/$(WHEN)

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install  ## build the pages into site/, a wrong link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

commands: install  ## write what the docs take from the code anew: help texts and tables
	$(BIN)/python docs/commands_page.py
	$(BIN)/python docs/code_tables.py

test: lint docs  ## everything that needs no GPU
	$(BIN)/pytest -m "not gpu"

test-fast: lint  ## a few minutes
	$(BIN)/pytest -m "not gpu and not slow and not browser"

bench: $(BENCH_STAMP)  ## every script of benchmarks/, one after the other, beside the readers it is measured against
	@set -e; for script in $$(grep -l '^if __name__' benchmarks/*.py); do \
		echo "== $$script"; $(BENCH)/bin/python $$script; \
	done

$(BENCH_STAMP): pyproject.toml constraints.txt benchmarks/requirements.txt
	test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet -c constraints.txt -e ".[codecs]" -r benchmarks/requirements.txt
	@touch $@

clean:  ## what the tools made; never a run, a demo or the tracking store
	rm -rf $(VENV) $(BENCH) site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
