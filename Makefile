# Everything a newcomer needs: `make demo` and `make test`. The virtual environment makes itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test soak check lint types imports schemas lock clean

$(VENV)/.installed: requirements.lock pyproject.toml tests/third_party/no-deps.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r tests/third_party/no-deps.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

demo: $(VENV)/.installed
	$(BIN)/python -m pcreconcile.cli.demo

test: $(VENV)/.installed
	$(BIN)/python -m pytest -n 2

soak: $(VENV)/.installed
	PCRECONCILE_TEST_PROFILE=soak $(BIN)/python -m pytest -n 2 tests/planning tests/model tests/manifests tests/applying

check: lint types imports test

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/mypy

imports: $(VENV)/.installed
	$(BIN)/lint-imports

schemas: $(VENV)/.installed
	$(BIN)/python -c "import json; from pcreconcile.model.schema import plan_schema; print(json.dumps(plan_schema(), indent=2, sort_keys=True))" > src/pcreconcile/schemas/plan.schema.json

lock:
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --universal --python-version 3.11 --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build dist .pcreconcile
