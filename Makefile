# Every target sets up what it needs, once, in .venv; nothing but python3 (3.11 or newer, with venv) and make is assumed.
# Other arguments go through ARGS: make demo ARGS="--for 20s", make test ARGS="-k signature".

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check --quiet
RUN    := $(VENV)/.ready-to-run
DEV    := $(VENV)/.ready-to-develop
OLDSDK := $(VENV)/llama-cloud-2.13
LOCKER := $(VENV)/pip-tools
SLACK  := $(VENV)/slack-types
AXE    := $(VENV)/axe
FUZZ   := $(VENV)/atheris
PEERS  := $(VENV)/peers

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint bench soak fuzz samples pictures image lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUN) ## watch relay work, without an account; Ctrl-C ends it
	@$(VENV)/bin/relay demo $(ARGS)

# Real processes that are killed by the clock want no crowd beside them.
test: $(DEV) $(if $(shell command -v npm),$(SLACK)/.ready $(AXE)/.ready) ## run the tests
	$(PY) -m pytest -n auto --dist worksteal $(or $(ARGS),--ignore tests/process)
	$(if $(ARGS),,$(PY) -m pytest -n 2 --dist loadfile tests/process)

lint: $(DEV) ## ruff, mypy --strict and the import contract
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy --strict
	$(VENV)/bin/lint-imports

image: ## build the container image and try it, where buildah is
	.ci/image

bench: $(DEV) $(PEERS)/.ready ## measure speed, as ratios within one run
	$(PY) -m tests.bench $(ARGS)

soak: $(DEV) ## simulated hours by the thousand; ARGS="--seed 7 --hours 10000", ARGS="--world 7/12" for one; OF=sending, OF=deaths
	$(PY) -m tests.soak.$(or $(OF),hours) $(ARGS)

fuzz: $(FUZZ)/.ready ## bytes that might do harm, sought by Atheris; ARGS="--only templates --seconds 600"
	PYTHONPATH=$(FUZZ) $(PY) -m tests.fuzz $(ARGS)

samples: $(DEV) ## write docs/samples: every message, as files
	$(PY) -m tests.samples

pictures: $(DEV) ## take docs/pictures: what people see, by a headless chromium
	$(PY) -m tests.samples.pictures

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit("relay needs Python 3.11 or newer: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	@echo "setting up $(VENV), once; a minute or so"
	@$(PYTHON) -m venv $(VENV)

# The demo waits for what runs, not for the tools.
$(RUN): requirements.lock requirements-build.lock pyproject.toml | $(VENV)/bin/pip
	$(PIP) install --require-hashes -r requirements.lock -r requirements-build.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# The older SDK stands beside, out of the import path: it still has the batch-processing jobs that the newer one dropped.
$(DEV): requirements-dev.lock tests/llama-cloud-2.13.lock $(RUN)
	$(PIP) install --require-hashes -r requirements-dev.lock
	@rm -rf $(OLDSDK)
	$(PIP) install --require-hashes --no-deps --target $(OLDSDK) -r tests/llama-cloud-2.13.lock
	@touch $@

# Slack's own types, by which a test judges what is posted, and axe, by which pages are judged; where there is no npm
# those tests are skipped.
$(SLACK)/.ready $(AXE)/.ready: $(VENV)/%/.ready: tests/%/package.json tests/%/package-lock.json | $(VENV)/bin/pip
	@mkdir -p $(@D) && cp tests/$*/package*.json $(@D)
	npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# What relay is measured beside: packages in an environment of their own, and Debian's Alertmanager, unpacked and not
# installed, so that no service starts. What can't be had is not measured.
$(PEERS)/.ready: tests/bench/peers.lock | $(VENV)/bin/pip
	@rm -rf $(PEERS)
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r tests/bench/peers.lock
	@mkdir $(PEERS)/alertmanager
	@cd $(PEERS)/alertmanager && apt-get download prometheus-alertmanager >/dev/null 2>&1 && dpkg -x *.deb . \
		|| echo "bench: Debian's prometheus-alertmanager can't be had here, and is not measured"
	@touch $@

# It has wheels for few platforms, so that only who fuzzes needs it.
$(FUZZ)/.ready: tests/fuzz/atheris.lock $(DEV)
	@rm -rf $(FUZZ)
	$(PIP) install --require-hashes --no-deps --target $(FUZZ) -r tests/fuzz/atheris.lock
	@touch $@

# The hashes are the public registry's: this machine's pip configuration has no say.
# Run on the oldest Python that relay supports, so that what only that one needs is in. Pins stay; ARGS=--upgrade moves them.
COMPILE := PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= $(LOCKER)/bin/pip-compile --quiet \
	--no-config --generate-hashes --allow-unsafe --strip-extras --no-annotate --no-header --no-emit-options $(ARGS)

lock: ## renew the locks from pyproject.toml
	@test -x $(LOCKER)/bin/pip || $(PYTHON) -m venv $(LOCKER)
	$(LOCKER)/bin/pip --disable-pip-version-check --quiet install pip-tools==7.6.2
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --all-build-deps --only-build-deps --constraint requirements.lock --output-file requirements-build.lock pyproject.toml
	$(COMPILE) --all-build-deps --extra dev --constraint requirements.lock --constraint requirements-build.lock \
		--output-file requirements-dev.lock pyproject.toml
	echo llama-cloud==2.13.0 | $(COMPILE) --output-file $(LOCKER)/all.lock -
	awk '/^[a-z]/ { wanted = /^llama-cloud==/ } wanted' $(LOCKER)/all.lock > tests/llama-cloud-2.13.lock
	printf '%s\n' huey==3.5.4 apprise==2.3.0 | $(COMPILE) --output-file tests/bench/peers.lock -
	echo atheris==3.0.0 | $(COMPILE) --output-file tests/fuzz/atheris.lock -

clean: ## remove what make made; databases stay
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find relay tests -name __pycache__ -prune -exec rm -rf {} +
