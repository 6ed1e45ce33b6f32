# The door to Sightline on one machine. `make` alone lists what there is.

# Debian's python3 is 3.11 on Debian 12; elsewhere name one: make PYTHON=/path/to/python3.11
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV   ?= .venv

BIN     := $(VENV)/bin
LOCAL   := $(BIN)/sightline-local
SETUP   := $(VENV)/.sightline-setup
ENGINE  := spark-app/engine
BUILT   := $(ENGINE)/target/.sightline-engine
BIGDL    = $(abspath $(VENV))/lib/python3.11/site-packages/bigdl/share
MAVEN    = mvn -q -B -Dstyle.color=never -f $(ENGINE)/pom.xml -Dbigdl.share=$(BIGDL)
PACKAGES := services/contracts services/common services/topics services/bridge gateway spark-app tools/local clients/python
RUNNING  = { test -x $(LOCAL) || { echo 'Sightline is not set up here: make up' >&2; exit 1; }; }
ENGINES := tools/engines
PEERS   := .venv-bench/.sightline-peers
# In this order, so that a mistake shows in the cheapest suite that can see it.
SUITES  := $(wildcard tests/unit tests/contract tests/kafka tests/models tests/spark tests/browser tests/e2e)
# These need engines and tools of their own: test-docker, test-chart, test-kubernetes.
APART   := tests/docker tests/chart tests/observability tests/kubernetes
NEW     := $(filter-out $(SUITES) $(APART) tests/__pycache__,$(patsubst %/,%,$(wildcard tests/*/)))
CHECKED := $(PACKAGES) tests bench/engine bench/gateway bench/bridge bench/spark bench/services $(wildcard bench/*.py charts/*/files/*.py tools/*.py tools/chart tools/images tools/demo tools/observability $(ENGINES)/*/*.py)

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.PHONY: help check setup engine up down demo status restart logs model-efficientnet-lite0 train-digits \
        lint test-quick test test-engine chromium bench-latency bench-stream bench-gateway bench-bridge bench-engine bench-spark fuzz-bridge lock gen clean \
        engine-docker offline-images images test-docker test-chart test-kubernetes

help: ## list the targets
	@printf 'Sightline: images in, labels out.\n\n'
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-26s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nFirst time: make demo\n'

check: ## look for what must be installed: Python 3.11, JDK 17, Maven
	@command -v $(PYTHON) >/dev/null || { echo 'Python 3.11 is missing: install it (Debian 12: apt-get install python3 python3-venv)' >&2; exit 1; }
	@$(PYTHON) tools/local/sightline_local/check.py

## Running

demo: setup engine ## start everything, classify real photos and digits, follow the results
	@$(LOCAL) demo $(ARGS)

up: setup engine ## start everything in the background; returns when an image comes back classified
	@$(LOCAL) up

# These look at what runs: they must not wait for a new environment, nor change the one that is running.
down: ## stop everything
	@$(RUNNING) && $(LOCAL) down

status: ## show what runs and whether it is ready
	@$(RUNNING) && $(LOCAL) status

restart: ## stop programs and start them again: make restart NAME=bridge, which reads its file anew
	@$(RUNNING) && $(LOCAL) restart $(NAME)

logs: ## show the logs; make logs NAME=gateway shows one, FOLLOW=1 goes on
	@$(RUNNING) && $(LOCAL) logs $(NAME) $(if $(FOLLOW),--follow)

## Models

model-efficientnet-lite0: setup engine ## install EfficientNet-Lite0 (ImageNet, 1000 labels)
	@$(BIN)/sightline-model install efficientnet-lite0

train-digits: setup engine ## train digits-lenet on scikit-learn's digits
	@$(BIN)/sightline-model train digits-lenet

## Working on it

setup: $(SETUP) ## make the Python environment from the lock file

$(SETUP): requirements/lock.txt requirements/uv.txt requirements/packages.in $(addsuffix /pyproject.toml,$(PACKAGES))
	@$(MAKE) check
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'Installing the Python environment ...'
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip install -q -p $(BIN)/python --no-deps --require-hashes -r requirements/lock.txt
	@$(BIN)/uv pip install -q -p $(BIN)/python --no-deps --no-build-isolation -r requirements/packages.in
	@touch $@

engine: $(BUILT) ## build the inference engine (Java) when its sources changed

$(BUILT): $(SETUP) $(ENGINE)/pom.xml $(shell find $(ENGINE)/src/main -type f)
	@$(MAKE) check
	@echo 'Building the inference engine ...'
	@$(MAVEN) -DskipTests package
	@touch $@

lint: setup ## ruff (rules and format) and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(CHECKED)

test-quick: lint ## lint, types, unit and contract tests: the inner loop, under a minute
	@$(BIN)/pytest -q -m "not process" tests/unit tests/contract

test: setup engine lint test-engine chromium ## everything: lint, Java tests, then every suite against real Kafka, Spark and Chromium
	@$(BIN)/pytest $(SUITES) $(NEW) $(ARGS)

test-engine: $(SETUP) ## the engine's own tests
	@$(MAVEN) verify
	@touch $(BUILT)

# Only where nobody is asked for a password; elsewhere the browser tests skip and say why.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core; } || \
	  echo 'Chromium is missing: the browser tests will be skipped (Debian: apt-get install chromium)'

fuzz-bridge: setup ## feed the bridge's parsers what coverage suggests, for 10 minutes; ARGS=--help
	@$(BIN)/python -m tests.fuzz $(ARGS)

## Containers and clusters

# Status 69 of a script: this machine cannot run it, and the script has said why. Then the tests run all the same, and
# skip with the same reason; any other failure is one.
OR_SKIP = || { status=$$?; [ $$status = 69 ] || exit $$status; }

# Lines `FIGURE name value unit goal <= x` that tests print are kept from view otherwise.
FIGURES := -s

engine-docker: ## start a Docker engine where none answers (Debian, root)
	@$(ENGINES)/docker-engine.sh up

offline-images: ## pull the base images, or build stand-ins where no registry answers
	@$(ENGINES)/docker-engine.sh up
	@$(ENGINES)/base-images.sh

images: ## build the project's images and print their sizes
	@$(ENGINES)/docker-engine.sh up
	@$(ENGINES)/images.sh

test-docker: setup ## the images and docker-compose.yml on a Docker engine; 20 minutes
	@{ $(ENGINES)/docker-engine.sh up && $(ENGINES)/base-images.sh && $(ENGINES)/go-tools.sh docker-compose && $(ENGINES)/images.sh; } $(OR_SKIP)
	@$(BIN)/pytest $(FIGURES) tests/docker $(ARGS)

test-chart: setup engine ## the Helm chart and the alert rules, without a cluster
	@$(ENGINES)/go-tools.sh helm helm-unittest kubeconform $(OR_SKIP)
	@$(ENGINES)/packages.sh promtool:prometheus $(OR_SKIP)
	@$(BIN)/pytest $(wildcard tests/chart tests/observability) $(ARGS)

# The tests start the cluster, and end it unless it was up before: `tools/engines/kubernetes.sh up` saves that in a loop.
test-kubernetes: setup ## the Helm chart on a real cluster of one node; the first time builds Kubernetes, 20 minutes
	@{ $(ENGINES)/kubernetes.sh build && $(ENGINES)/go-tools.sh helm && $(ENGINES)/docker-engine.sh up && \
	  $(ENGINES)/base-images.sh kafka && $(ENGINES)/images.sh topics bridge gateway classifier; } $(OR_SKIP)
	@$(BIN)/pytest $(FIGURES) tests/kubernetes $(ARGS)

bench-latency: setup engine ## Kafka to Kafka latency at 10 images a second, both triggers
	@$(BIN)/python bench/latency.py $(ARGS)

bench-stream: setup engine ## Kafka to Kafka throughput beside the bare engine, and what an idle classifier takes; ARGS=--help
	@$(MAVEN) test-compile
	@$(BIN)/python -m bench.stream $(ARGS)

bench-gateway: setup ## uploads a second beside Kafka's own producer, time to accept, memory under overload; ARGS=--help
	@$(BIN)/python -m bench.gateway $(ARGS)

bench-bridge: setup ## frames a second beside Kafka's own producer, memory with 200 senders on a stalled broker; ARGS=--help
	@$(BIN)/python -m bench.bridge $(ARGS)

# Neither the product nor its tests need the peers: 400 MB in an environment of their own.
$(PEERS): requirements/bench.txt requirements/uv.txt | $(SETUP)
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv --without-pip .venv-bench
	@echo 'Installing the benchmark'\''s peers ...'
	@$(BIN)/uv pip install -q -p .venv-bench/bin/python --no-deps --require-hashes -r requirements/bench.txt
	@touch $@

bench-engine: setup engine $(PEERS) ## images a second beside ONNX Runtime, OpenVINO and BigDL's own engines; ARGS=--help
	@$(MAVEN) test-compile
	@$(BIN)/python -m bench.engine $(ARGS)

bench-spark: setup engine $(PEERS) ## images a second over a table beside predict_batch_udf and the bare engine; ARGS=--help
	@$(MAVEN) test-compile
	@$(BIN)/python -m bench.spark $(ARGS)

gen: setup ## rewrite generated files from their sources
	@$(BIN)/python -m tools.generate

lock: setup ## resolve requirements/*.in anew into the hash-locked files
	@$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 \
	  requirements/uv.in -o requirements/uv.txt --upgrade
	@$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 \
	  --override requirements/overrides.in --prerelease if-necessary-or-explicit \
	  $(foreach name,contracts common topics bridge gateway spark local client,--no-emit-package sightline-$(name)) \
	  requirements/packages.in requirements/dev.in -o requirements/lock.txt $(ARGS)
	@$(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 \
	  requirements/bench.in -o requirements/bench.txt --upgrade

clean: ## stop everything and delete what was built; data in .sightline/ and the caches stay
	@[ ! -x $(LOCAL) ] || $(LOCAL) down
	rm -rf $(VENV) .venv-bench $(ENGINE)/target .mypy_cache .pytest_cache .ruff_cache .hypothesis
