# Every target sets up what it needs in .venv; PYTHON names the interpreter to make it with.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin
PURE := coordinator/dispatch/*,coordinator/judge/*,coordinator/media/sniff.py,coordinator/media/looks.py,shared/*

.DEFAULT_GOAL := help
.PHONY: help demo test check bench format clean

help:  ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[scanner]' --group dev
	touch $@

demo: $(READY)  ## Start a coordinator and two scanners, send a dozen pictures; ONCE=1 ends after them
	$(BIN)/python -m tests.demo $(if $(ONCE),--once)

test: $(READY)  ## Run the tests; ARGS="-k word" picks some
ifdef ARGS
	$(BIN)/pytest $(ARGS)
else
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report --include='$(PURE)' --fail-under=100 --skip-covered --show-missing
endif

check: $(READY)  ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(READY)  ## Measure against a floor in the same run; build/bench.json
	$(BIN)/python -m tests.bench

format: $(READY)  ## Bring the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Remove what was built
	rm -rf $(VENV) build .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
