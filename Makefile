# make demo      see it work: installs what serving needs and writes boutique/index.html
# make install   .venv with the serving install and .venv/bin/outfitter
# make check     everything CI runs: format, lint, types, import contracts, tests
# make test      the tests alone
# make fuzz      a minute of coverage-guided fuzzing of the parsers of feeds and pictures
# make lock      bring requirements/constraints.txt up to date with pyproject.toml

PYTHON ?= python3
BIN := .venv/bin
CONSTRAINTS := requirements/constraints.txt
# PIP_CONSTRAINT also holds for the packages that build ours, so two installs are equal.
PIP := PIP_CONSTRAINT=$(CURDIR)/$(CONSTRAINTS) PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet

.PHONY: demo install check test fuzz lock clean

demo: install
	$(BIN)/outfitter demo --out boutique

install: .venv/installed
.venv/installed: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	touch $@

.venv/installed-dev: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv .venv
	$(PIP) --editable '.[dev]'
	touch $@ .venv/installed

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

test: .venv/installed-dev
	$(BIN)/pytest

fuzz: .venv/installed-dev
	$(BIN)/python -m tests.hostile.fuzz -max_total_time=60 -verbosity=0

lock:
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --upgrade pip setuptools
	build/lock/bin/python -m pip install --quiet --editable '.[dev]'
	build/lock/bin/python -m pip freeze --all --exclude-editable --exclude pip > $(CONSTRAINTS)
	rm -rf build/lock

clean:
	rm -rf .venv build boutique
