# make run and make test do all the set-up themselves: a virtual environment in .venv with the
# pinned set of constraints.txt (about 80 s with a warm network), then the job.

PYTHON ?= python3
BIN := .venv/bin
TABLES := olymp==0.0.1b0 summit==0.8.4
# one BLAS thread a process: more are slower on two cores
export OMP_NUM_THREADS ?= 1

.PHONY: run test slow lint clean

run: .venv/ready
	$(BIN)/planner run campaigns/fullerene_flow.yaml

# two at a time, a file's tests one after the other
test: .venv/ready
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

# two at a time: first those that only compute, a file's tests one after the other; then those that
# start processes and mostly wait for them, three at a time, each in a folder of its own
WAITING := tests/kills tests/flows tests/cli tests/device tests/labs tests/ledger tests/loop tests/readings
slow: .venv/ready
	$(BIN)/python -m pytest -m slow --numprocesses 2 --dist loadfile --durations 30 $(WAITING:%=--ignore=%)
	$(BIN)/python -m pytest -m slow --numprocesses 3 --dist load --maxschedchunk 1 --durations 30 $(WAITING)

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The packages of the tables are read, never imported; what they depend on is not wanted.
.venv/ready: pyproject.toml constraints.txt
	@echo "Setting up .venv (once, a minute or two) ..."
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v == (3, 11) else f"Python 3.11 is needed, not {v[0]}.{v[1]}: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[dev]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(TABLES)
	@touch $@

clean:
	rm -rf .venv build *.egg-info
