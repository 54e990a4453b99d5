# Every target sets itself up: uv where present, else venv and pip; a stamp says that the lock file is installed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
# Three leave two cores idle for two fifths of the time, while tests wait; the fast ones only work.
WORKERS ?= 4
FAST_WORKERS ?= 2
PYTEST = $(BIN)/python -m pytest --dist worksteal -n

PYTHONS ?= python3.11 python3.12 python3.13 python3.14

.PHONY: demo test test-fast test-all test-hostile check format bench screenshots schemas wheel lock clean

demo: $(VENV)/.run
	$(BIN)/chaindeck --preset demo

test: $(VENV)/.dev
	$(PYTEST) $(WORKERS)

# Without processes, terminals, whole decks and servers that go and come back.
test-fast: $(VENV)/.dev
	$(PYTEST) $(FAST_WORKERS) -m "not slow and not hostile"

# Values, servers, users, networks and kills that mean no good; `make test` runs a shorter cut.
test-hostile: $(VENV)/.dev
	HYPOTHESIS_PROFILE=long TEST_KILLS=200 $(PYTEST) $(WORKERS) --timeout 1200 -o faulthandler_timeout=1500 \
	  -m "hostile or not hostile" tests/hostile \
	  tests/scenarios/test_neighbourhood.py tests/scenarios/test_kill.py tests/scenarios/test_record_kills.py \
	  tests/scenarios/test_hour.py tests/scenarios/test_live_hour.py tests/scenarios/test_live_order.py \
	  tests/chain/test_causes.py tests/chain/redis/connect/test_causes.py tests/chain/redis/contract/test_rights.py \
	  tests/chain/redis/connect/test_sentinel_secured.py

# `make test` on every Python of PYTHONS that runs here, each in an environment of its own.
test-all:
	@failed= absent=; for python in $(PYTHONS); do \
	  if $$python -c "" 2>/dev/null; then \
	    $(MAKE) test PYTHON=$$python VENV=$(VENV)-$$(basename $$python) || failed="$$failed $$python"; \
	  else absent="$$absent $$python"; fi; \
	done; \
	echo "not at hand, so not tested:$${absent:- none}; failed:$${failed:- none}"; [ -z "$$failed" ]

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/.dev
	$(BIN)/python -m screenshots

schemas: $(VENV)/.dev
	$(BIN)/python -m schemas

# The wheel in dist/, tried in an environment that holds it and the locked dependencies, and nothing else.
wheel: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m hatchling build --target wheel
	$(MAKE) $(VENV)-wheel/.tried VENV=$(VENV)-wheel

# Resolve the pins again; hashes and no addresses, so that any mirror serves.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --group dev pyproject.toml \
	  -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) $(VENV)-wheel dist

ifdef UV
INSTALL = $(UV) pip install --quiet --python $(BIN)/python
MAKE_VENV = $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
else
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
MAKE_VENV = $(PYTHON) -m venv $(VENV)
endif

$(VENV)/.tried: requirements.lock dist
	rm -rf $(VENV)
	$(MAKE_VENV)
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps dist/*.whl
	cd $(VENV) && bin/chaindeck --version && bin/chaindeck status --help >/dev/null && bin/chaindeck </dev/null
	touch $@

$(VENV)/.run: requirements.lock pyproject.toml
	$(MAKE_VENV)
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps --editable .
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(INSTALL) --require-hashes -r requirements-dev.lock
	touch $@
