# Everything a newcomer needs: `make demo` and `make test`. The virtual environment makes itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test soak check lint types imports house mutation docs schemas lock year crash-matrix journal-benchmark clean

$(VENV)/.installed: requirements.lock pyproject.toml tests/third_party/no-deps.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r tests/third_party/no-deps.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

# What a pipeline that holds secrets installs: the tool and what it imports, nothing that builds or tests it.
.venv-run/.installed: requirements-run.lock
	$(PYTHON) -m venv .venv-run
	.venv-run/bin/python -m pip install --quiet --require-hashes -r requirements-run.lock
	.venv-run/bin/python -c "import pathlib, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'pcreconcile.pth').write_text('$(CURDIR)/src')"
	touch $@

demo: $(VENV)/.installed
	$(BIN)/python -m pcreconcile.cli.demo

test: $(VENV)/.installed
	$(BIN)/python -m pytest -n 2

soak: $(VENV)/.installed
	PCRECONCILE_TEST_PROFILE=soak $(BIN)/python -m pytest -n 2 tests/planning tests/model tests/manifests tests/applying

# Twelve simulated months of 200 customers, every day of them, twice: about half an hour on two cores.
year: $(VENV)/.installed
	PCRECONCILE_YEAR=full $(BIN)/python -m pytest -n 2 -m slow tests/year

# At least 2,000 times kill -9, in mixed plans with faults, in both stores (docs/crash-matrix.md).
crash-matrix: $(VENV)/.installed
	$(BIN)/python -m tests.e2e.crash.matrix --kills 2000 --workers 2 --out crash-matrix.json

journal-benchmark: $(VENV)/.installed
	$(BIN)/python -m benchmarks.journal

check: lint types imports test

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/mypy

imports: $(VENV)/.installed
	$(BIN)/lint-imports

# How the code is built: sizes, folders, import depth, modules per family (REVISIONS="main~100" adds columns to compare with).
house: $(VENV)/.installed
	$(BIN)/python -m tools.house $(REVISIONS)

# The mutation check of exits and planning (docs/testing.md); an environment of its own, because mutmut brings much along.
mutation:
	$(PYTHON) -m venv .venv-mutation
	.venv-mutation/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	.venv-mutation/bin/python -m pip install --quiet --require-hashes -r tests/mutation/requirements.txt
	.venv-mutation/bin/mutmut run
	.venv-mutation/bin/python -m tests.mutation.report

# Pages that are made from the code; tests compare them.
docs: $(VENV)/.installed
	$(BIN)/python tools/order_page.py
	$(BIN)/python tools/lifecycle_page.py
	$(BIN)/python -m tools.dates_page

schemas: $(VENV)/.installed
	$(BIN)/python -c "import json; from pcreconcile.model.schema import plan_schema; print(json.dumps(plan_schema(), indent=2, sort_keys=True))" > src/pcreconcile/schemas/plan.schema.json

lock:
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --universal --python-version 3.11 --group dev pyproject.toml -o requirements.lock
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --universal --python-version 3.11 --extra postgres --constraint requirements.lock pyproject.toml -o requirements-run.lock

clean:
	rm -rf $(VENV) .venv-run .venv-mutation mutants build dist .pcreconcile crash-matrix.json
