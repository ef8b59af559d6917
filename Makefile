# Every target does its own set-up: a virtual environment in .venv and a release build inside it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUST   := $(shell find rust -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock

.PHONY: help dev demo test lint types docs rust python bench featurizers table clean crash fuzz hostile gateways integrations load constraints field zoos fleet fleet-sim evidence freethreaded wheel install-check audit licences

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.deps: pyproject.toml Makefile
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev numpy onnxruntime pydantic pyarrow matplotlib gymnasium prometheus-client jinja2 \
		openai opentelemetry-sdk starlette uvicorn httpx rich redis gunicorn
	@touch $@

$(VENV)/.built: $(VENV)/.deps $(RUST)
	PIP_QUIET=1 VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --quiet --release $(MATURIN) --manifest-path rust/messplus-py/Cargo.toml
	@touch $@

dev: $(VENV)/.built  ## build the native module into .venv

demo: dev  ## route a simulated stream and hold its service level
	$(BIN)/messplus demo --plot out/demo.png

test: lint types rust docs python integrations  ## run every check

lint: $(VENV)/.deps  ## formatting and lints, warnings denied
	cargo fmt --all --check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	PYO3_PYTHON=$(abspath $(BIN)/python) cargo clippy --workspace --all-targets --quiet -- -D warnings

types: dev  ## mypy strict, and the stub against the native module
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest messplus._core --allowlist tests/repo/stubtest-allowlist.txt

rust: ## unit tests, laws and doctests of the core
	cargo test --quiet

python: dev  ## unit, property, thread and repository tests
	$(BIN)/pytest

# LiteLLM and LangChain bring a hundred packages: an environment of their own, with ours by path.
GATE := .venv-gateways
$(GATE)/.deps: pyproject.toml Makefile
	$(PYTHON) -m venv $(GATE)
	$(GATE)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(GATE)/bin/python -m pip install --quiet --group gateways
	echo $(abspath python) > $$($(GATE)/bin/python -c 'import site; print(site.getsitepackages()[0])')/messplus.pth
	@touch $@

integrations: dev $(GATE)/.deps  ## tests of LiteLLM, LangChain and the other integrations
	$(GATE)/bin/python -m pytest tests/gateways

DOCS := .venv-docs
$(DOCS)/.deps: pyproject.toml Makefile
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(DOCS)/bin/python -m pip install --quiet --group docs
	@touch $@

docs: $(DOCS)/.deps  ## the documentation as a site, warnings denied: out/site/index.html
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --quiet --strict

REQUESTS ?= 1000
AT_ONCE ?= 200
gateways: integrations  ## every integration under load beside its peers, before a fake provider
	$(GATE)/bin/python -W ignore benches/gateways $(REQUESTS) $(AT_ONCE)

# A wheel of its own: the stable ABI has no free-threaded form before 3.15.
FREE ?= python3.14t
freethreaded:  ## the thread tests under a free-threaded CPython, where FREE is installed
	@command -v $(FREE) >/dev/null || { echo "skipped: $(FREE) is not installed"; exit 0; } && \
	$(MAKE) --no-print-directory VENV=.venv-free PYTHON=$(FREE) MATURIN='--no-default-features' dev && \
	.venv-free/bin/pytest tests/threads

bench: dev  ## decision latency: criterion, then whole calls from Python
	cargo bench --package messplus-benches
	$(BIN)/python -m pip install --quiet --group bench
	$(BIN)/pytest benches/python --benchmark-enable --benchmark-columns=min,median,iqr,ops -o python_files='bench_*.py'

featurizers: dev  ## exactness and latency of featurizers, with a true encoder
	PYTHONPATH=tools $(BIN)/python benches/python/featurizers.py

KILLS ?= 240
crash:  ## kill a loaded process KILLS times and compare what it left
	cargo run --quiet --release --package messplus-journal --example crash -- $(KILLS)

CASES ?= 10000000
fuzz:  ## feed CASES damaged states and records to their readers
	cargo run --quiet --release --package messplus-journal --example fuzz -- $(CASES)

hostile: dev  ## kills, damage, forgeries, failing disks, harmful encoders: one JSON line, in minutes
	PYTHONPATH=tools $(BIN)/python benches/hostile full

SECONDS ?= 45
load: dev  ## 2 and 16 threads and an event loop on a router in a folder, SECONDS each
	$(BIN)/python benches/python/load.py $(SECONDS)

TABLE ?= $(MESSPLUS_DATA)/messplus_qwen2/outcomes.parquet
SEEDS ?= 5
constraints: dev  ## targets and limits together on the outcomes of TABLE, SEEDS times
	$(BIN)/python benches/python/constraints.py $(TABLE) $(SEEDS)

fleet-sim: dev  ## a fleet of replicas on the outcome tables of MESSPLUS_DATA, simulated
	$(BIN)/python benches/python/fleet_sim.py $(SEEDS)

STREAMS ?= 1
fleet: dev  ## a fleet of processes on a real server: cost, kills, speed, gunicorn; in minutes
	$(BIN)/python -m benches.python.fleet --streams $(STREAMS)

zoos: dev  ## large zoos and short streams of the tables in MESSPLUS_DATA, SEEDS times
	$(BIN)/python benches/python/zoos.py $(MESSPLUS_DATA) $(SEEDS)

field: dev  ## failures, silence, biased thumbs, judges, audits and poison, on made-up requests
	$(BIN)/python benches/python/field.py

LOGS ?= 264
evidence: dev  ## how often intervals of messplus evaluate cover the truth, over LOGS made logs
	$(BIN)/python -m benches.python.evidence --logs $(LOGS)

table: $(VENV)/.deps  ## rebuild the embedded table and compare it with the shipped one
	$(BIN)/python tools/build_static_table.py --check

# zig links against an old glibc on any Linux; elsewhere, and in the images of manylinux, WHEEL= will do.
WHEEL ?= --zig --compatibility manylinux_2_28
DIST  := dist
$(VENV)/.release: $(VENV)/.deps
	$(BIN)/python -m pip install --quiet --group release
	@touch $@

wheel: $(VENV)/.release  ## build wheel, sdist and bill of materials into dist/
	rm -rf $(DIST)
	PYTHONPATH=tools $(BIN)/python -m release.sbom $(DIST)/messplus.cdx.json
	PATH="$(abspath $(BIN)):$$PATH" RUSTFLAGS="--remap-path-prefix=$(HOME)=~ --remap-path-prefix=$(CURDIR)=." \
		$(BIN)/maturin build --quiet --release --locked $(WHEEL) --manifest-path rust/messplus-py/Cargo.toml \
		--target-dir target/wheel --sbom-include $(abspath $(DIST))/messplus.cdx.json --out $(DIST)
	$(BIN)/maturin sdist --manifest-path rust/messplus-py/Cargo.toml --out $(DIST)
	PYTHONPATH=tools $(BIN)/python -m release.wheel $(DIST)/*.whl

install-check: wheel  ## install what is in dist/ under every CPython found, and try it
	PYTHONPATH=tools $(BIN)/python -m release.install_check $(DIST)/*.whl $(DIST)/*.tar.gz

audit: $(VENV)/.release  ## licences, notices and known vulnerabilities of what is shipped
	PYTHONPATH=tools $(BIN)/python -m release.audit $(AUDIT)

licences: $(VENV)/.deps  ## write THIRD-PARTY.txt after a change of Cargo.lock
	PYTHONPATH=tools $(BIN)/python -m release.licences

clean:  ## remove what the other targets made
	rm -rf $(VENV) $(GATE) $(DOCS) .venv-free target out $(DIST)
