# The verbs of govshare. Each one brings up what it needs on a machine with only Python, make and git.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
READY_DEV := .venv/.ready-dev
SPARK := $(abspath .venv)/spark
PEOPLE ?= 20000
SEED ?= 1
DEFECTS ?= usual
BENCH_PEOPLE ?= 100000
DATA ?= $(or $(GOVSHARE_DATA),data)
export GOVSHARE_DATA := $(abspath $(DATA))
# Nothing phones home.
export DAGSTER_DISABLE_TELEMETRY := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help run test test-spark ui check score bench-collect bench-merge lint clean lock

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

# uv installs in seconds what takes pip a minute and a half. It does not read pip's configuration: where it cannot reach
# a package index, pip does it.
# Two locks: what runs at a site (requirements.lock), and with it what tests and checks need (requirements-dev.lock).
$(READY): requirements.lock requirements-dev.lock pyproject.toml
	@echo "Installing govshare into .venv (once; about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@awk '/^[a-z]/ {tool = /^(uv|setuptools)==/} tool' requirements-dev.lock > .venv/tools.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/tools.lock
	@$(call install,requirements.lock)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# All cores at once. Left to the first start, it would be done at every start where Python may not write bytecode.
	@# Not what few ever import: a quarter of it are other packages' own tests.
	@$(BIN)/python -m compileall -qq -j 0 -x '/(tests?|moto)/' . || true
	@touch $@

$(READY_DEV): $(READY)
	@echo "Installing what tests and checks need (once)"
	@$(call install,requirements-dev.lock)
	@touch $@

define install
$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1) || \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $(1)
endef

run: $(READY) ## collect, merge, check and publish the demo city (PEOPLE=20000 SEED=1 DEFECTS=usual)
	@$(BIN)/govshare demo --people $(PEOPLE) --seed $(SEED) --defects $(DEFECTS) --out $(GOVSHARE_DATA)/city
	@$(BIN)/govshare run --city $(GOVSHARE_DATA)/city

test: $(READY_DEV) ## all tests (needs PostgreSQL and MariaDB for some; those skip where there is none)
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-spark: $(SPARK)/pyspark ## the merge on a local Spark gives the same base tables (installs pyspark, 450 MB; needs Java 17)
	@PYTHONPATH=$(SPARK) $(BIN)/python -m pytest -m spark

# In a folder of its own: Great Expectations would load it everywhere, and without what Spark Connect needs that ends in exit.
$(SPARK)/pyspark: $(READY_DEV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --target $(SPARK) "pyspark>=4,<5"

ui: $(READY) ## the data engineers' view: Dagster at the address that it shows, for who has its token
	@$(BIN)/govshare ui

score: $(READY) ## the base tables against the simulated city's ground truth
	@$(BIN)/govshare score --city $(GOVSHARE_DATA)/city

bench-collect: $(READY) ## collecting against what else there is: rate, ratio to the limit, memory (what is not installed is left out)
	@$(BIN)/python -m benchmarks.collect

bench-merge: $(READY) ## the dbt build against a hand-written script with the same base tables (BENCH_PEOPLE="100000 1000000")
	@$(BIN)/python -m benchmarks.merge $(addprefix --people ,$(BENCH_PEOPLE))

check: $(READY) ## validate the catalogue against the compilation guide
	@$(BIN)/govshare check

lint: $(READY_DEV) ## style and types of the Python rooms; the models as SQL for DuckDB and for Spark
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy catalogue connectors expectations linking publishing orchestration lint
	@$(BIN)/python -m lint.engines

RESOLVE = $(BIN)/uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes \
	--no-header --no-emit-index-url --no-strip-extras --quiet
lock: $(READY) ## resolve pyproject.toml anew into requirements.lock (to run) and requirements-dev.lock (to test)
	@$(RESOLVE) --extra dev -o requirements-dev.lock
	@$(RESOLVE) --extra sftp --extra s3 --extra oracle --extra sqlserver -c requirements-dev.lock -o requirements.lock

clean: ## remove what runs have written (data/) and the installation (.venv)
	@rm -rf data .venv dbt_project/target dbt_project/logs
