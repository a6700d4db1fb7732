# Tasks. They need a fresh clone, Python 3.11 or newer, and make; `make serve` and `make test` build what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.complete
BENCH_SETUP := $(VENV)/.complete-bench
RELEASE_SETUP := $(VENV)/.complete-release
SITE_SETUP := $(VENV)/.complete-site
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --no-annotate

.DEFAULT_GOAL := help
.PHONY: help setup serve test long thorough opensearch lint format types docs texts check minimum wheel audit sbom release site image bench lock picture clean

help:  ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F '\t' '{printf "make %-9s %s\n", $$1, $$2}'

setup: $(SETUP)  ## build .venv from the lock

# The file SETUP is made last, so that an interrupted run begins anew. The lock is complete: pip resolves nothing.
# An sdist has no link `backfile`.
$(SETUP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Backfile needs Python 3.11 or newer; make PYTHON=…")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -e backfile || ln -s . backfile
	$(PIP) --require-hashes --requirement requirements.lock
	$(PIP) --no-build-isolation --editable .
	touch $@

serve: setup  ## serve ./library (made from the sample when it is missing) on 127.0.0.1:8000
	$(BIN)/backfile serve

test: setup  ## the daily tests, with those of the browser where Chromium is found
	$(BIN)/python -m pytest -n auto

long: setup  ## tests that take more than a few seconds
	$(BIN)/python -m pytest -n auto -m long $(LONG)

thorough: setup  ## the long tests with all their examples: hours
	BACKFILE_ALL_EXAMPLES=1 $(BIN)/python -m pytest -n 2 -m long

opensearch:  ## fetch the OpenSearch server that tests need besides Java 21 (Maven); without it they skip
	$(PYTHON) tests/opensearch/cluster.py fetch

lint: setup  ## formatting and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: setup  ## format, and apply the fixes of lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: setup  ## mypy, strict
	$(BIN)/mypy

docs: setup  ## write the pages that follow from the code
	$(BIN)/python docs/generate.py

texts: setup  ## update the catalogues of translations
	$(BIN)/python docs/texts.py

check: lint types test  ## lint, types, tests
	$(BIN)/python docs/generate.py --check
	$(BIN)/python docs/texts.py --check

minimum: setup  ## the tests that dependencies can change, with the oldest that pyproject.toml allows
	$(BIN)/python .ci/minimum.py

wheel: setup  ## build sdist and wheel, install the wheel elsewhere, use it
	$(BIN)/python .ci/wheel.py

$(RELEASE_SETUP): .ci/requirements.lock $(SETUP)
	$(PIP) --require-hashes --requirement .ci/requirements.lock
	touch $@

audit: $(RELEASE_SETUP)  ## look for known vulnerabilities of the locked dependencies; fails if one could not be looked up
	$(BIN)/python .ci/audit.py

sbom: $(RELEASE_SETUP)  ## write dist/backfile.cdx.json, the bill of materials of an installation (CycloneDX)
	$(BIN)/python .ci/sbom.py

release: sbom  ## build dist/: sdist, wheel, single-file program, bill of materials, checksums
	$(BIN)/python .ci/release.py

$(SITE_SETUP): docs/requirements.lock $(SETUP)
	$(PIP) --require-hashes --requirement docs/requirements.lock
	touch $@

site: $(SITE_SETUP)  ## build the documentation as a site, dist/site
	$(BIN)/sphinx-build -q -b html -W --keep-going docs dist/site

image: release  ## build the image of a container on a base made here, and look at how it runs
	$(BIN)/python .ci/image.py

$(BENCH_SETUP): bench/requirements.lock $(SETUP)
	$(PIP) --require-hashes --requirement bench/requirements.lock
	touch $@

bench: $(BENCH_SETUP)  ## compare with other engines; BENCH="--articles 10000" and the like; `python -m bench` for more
	$(BIN)/python -m bench compare $(BENCH)

lock: setup  ## renew the locks; UPGRADE=--upgrade takes the newest versions of everything
	$(COMPILE) --extra import --extra documents --extra opensearch --extra metrics --group dev $(UPGRADE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --group bench $(UPGRADE) --output-file bench/requirements.lock
	$(COMPILE) --group release --constraint requirements.lock $(UPGRADE) --output-file .ci/requirements.lock
	$(COMPILE) --group site --constraint requirements.lock $(UPGRADE) --output-file docs/requirements.lock

picture: setup  ## take the picture of the README from the running program
	$(BIN)/python docs/picture.py

clean:  ## remove the environment, builds and caches
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
