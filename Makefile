# Every target sets up what it needs in .venv; PYTHON names the interpreter to make it with.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check bench bench-later bench-model bench-sweep simulate fuzz drill env newcomer format clean

help:  ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[scanner]' --group dev
	touch $@

demo: $(READY)  ## Start a coordinator and two scanners, send a dozen pictures; ONCE=1 ends after them
	$(BIN)/python -m tests.demo $(if $(ONCE),--once)

ALL := $(or $(CI),$(SLOW))
# More than there are cores, as half of the tests wait: for time-outs, for other processes, for a browser.
WORKERS ?= 5
test: export SLOW := $(SLOW)
# Several torches on few cores: their threads must not wait for each other in loops.
test: export OMP_WAIT_POLICY := PASSIVE
# Hundreds of processes start: where a shell or an image forbids it, each would compile all that it imports anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(READY)  ## Run the tests; ARGS="-k word" picks some, SLOW=1 adds the long ones and coverage (as in CI)
ifdef ARGS
	$(BIN)/pytest $(ARGS)
else
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(if $(ALL),--cov --cov-report=)
	$(if $(ALL),$(BIN)/coverage report)
endif

check: $(READY)  ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(READY)  ## Measure against a floor in the same run; build/bench.json
	$(BIN)/python -m tests.bench

simulate: $(READY)  ## Play dispatch under simulated faults; SEEDS=2000, or REPORT=1 for what each rule is worth
	$(BIN)/python -m tests.simulation $(if $(REPORT),--report,--seeds $(or $(SEEDS),2000))

fuzz: $(READY)  ## Cut hostile files; N=2000
	$(BIN)/python -m tests.fuzz $(or $(N),2000)

bench-sweep: $(READY)  ## Measure sweeps, and drill them through faults and kills; build/bench-sweep.json; COUNT=100000
	$(BIN)/python -m tests.bench.sweep --count $(or $(COUNT),100000)

bench-later: $(READY)  ## Measure the later look beside live uploads, with a real pict-rs: minutes; build/bench-later.json
	$(BIN)/python -m tests.bench.later

bench-model: $(READY)  ## Measure the models beside a bare loop, on the device that is there
	$(BIN)/python -m tests.bench.model

drill: $(READY)  ## Load with a random fault each second for ten minutes; SECONDS=60 SEED=1
	$(BIN)/python -m tests.drill --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED))

newcomer: $(READY)  ## Walk the README's path in an empty folder, with a real pict-rs; installs torch anew: minutes
	$(BIN)/python -m tests.newcomer

env: $(READY)  ## Write compose/*.env.example anew, from the settings and the README
	$(BIN)/python -m tests.compose.example

format: $(READY)  ## Bring the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Remove what was built
	rm -rf $(VENV) build .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
