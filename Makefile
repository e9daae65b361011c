# Everything from nothing: `make demo` and `make test` each make the virtual environment, install, and run.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
endif
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check bench fuzz format docs pages packages lowest newest audit clean

demo: $(VENV)/.installed
	$(BIN)/unseam localize examples/photos --out demo

# A process on each core, each on one thread. Tests that share something slow stay together (their xdist_group).
test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --dist loadgroup

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Everything with a limit of speed or memory, in one table; on an otherwise idle machine. PYIFD: the Python of pyIFD's
# environment (see benchmarks/detector_speed.py), to compare with it.
bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/bench.py $(if $(PYIFD),--pyifd $(PYIFD))

# Broken files for everything that reads untrusted bytes: half an hour on two cores. Findings go to fuzz-findings/.
fuzz: $(VENV)/.installed-dev
	$(BIN)/python tests/fuzzing/fuzz.py --cases 20000 --seed 1

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The site, into site/: warnings are errors, and nothing in it may be loaded from elsewhere.
docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

# Everything in docs/ that commands write: tables, notebook, pictures (some minutes). Review the changes before you commit.
pages: $(VENV)/.installed-dev $(VENV)/.installed-docs
	$(BIN)/python tools/datasets_table.py
	$(BIN)/python tools/methods_table.py
	$(BIN)/python tools/notebooks.py
	$(BIN)/python tools/pictures.py
	PYTHONPATH=benchmarks $(BIN)/python tools/pictures.py all
	$(BIN)/python tools/dependencies_table.py

# Wheel and source archive, into dist/: built, inspected, installed into empty environments, used.
packages: $(VENV)/.installed-dev
	$(BIN)/python .ci/packages.py

# The tests with the lowest versions that pyproject.toml allows, and with the newest; each in a separate environment.
lowest newest: $(VENV)/.installed-dev
	$(BIN)/python .ci/bounds.py $@

# Known vulnerabilities of the packages that users would install; needs the Python Package Index itself, no mirror.
audit: $(VENV)/.installed-dev
	$(BIN)/python .ci/audit.py

clean:
	rm -rf demo dist site .venv-lowest .venv-newest .pytest_cache .mypy_cache .ruff_cache

$(VENV)/.created:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed: $(VENV)/.created pyproject.toml
	$(PIP) --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.created pyproject.toml
	$(PIP) --editable ".[dev]"
	touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: $(VENV)/.created pyproject.toml
	$(PIP) --editable ".[docs]"
	touch $@
