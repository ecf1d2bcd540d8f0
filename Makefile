# What people type. Everything that needs something installs it first: `make setup` is part of it.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo up status test chaos lint clean screenshots bench-events bench-matching bench-quality bench-picture bench-hris

help:
	@echo "make demo         a company of 290 people lives through half a year of mentoring, in minutes"
	@echo "make test         linters and every test, on a real Kafka and a real PostgreSQL"
	@echo "make chaos        faults strike a company under load for 20 minutes; nothing may be lost"
	@echo "make up           an empty company on the wall clock; Ctrl-C stops it"
	@echo "make status       how the running company is doing"
	@echo "make lint         ruff, mypy and the import contracts alone"
	@echo "make bench-events what an event costs, and how far that is from the bounds and from the peers"
	@echo "make bench-matching  the pairing engine against its goals and the peers (BENCH=full: 100,000 people)"
	@echo "make bench-hris    what the doors of HR systems cost, and how fast a leaver is out"
	@echo "make bench-quality   would people say yes to our pairs? A simulation with hidden likings"
	@echo "make bench-picture   the picture in services/matching/README.md, measured and drawn anew"
	@echo "make setup        virtual environment, packages, Kafka's jars: part of all of these"
	@echo "make screenshots  the pictures in README.md, made anew"
	@echo "make clean        removes data, logs and caches of earlier runs"
	@echo
	@echo "Options go into ARGS: make demo ARGS='--weeks 8 --seed 7'"
	@echo "make chaos takes them from the environment: CHAOS_MINUTES=5 CHAOS_SEED=7 make chaos"

setup:
	@$(PYTHON) deploy/setup.py

demo: setup
	@$(BIN)/mentoring demo $(ARGS)

up: setup
	@$(BIN)/mentoring up $(ARGS)

status: setup
	@$(BIN)/mentoring status $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Files run two at a time, the long ones first; with ARGS just those.
test: setup lint
ifeq ($(strip $(ARGS)),)
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder tests/chaos tests/e2e tests/bench tests/integration tests/contract tests/unit
else
	$(BIN)/pytest $(ARGS)
endif

chaos: setup
	@$(BIN)/python -m tests.chaos

bench-events: setup
	@$(PYTHON) deploy/setup.py peers
	@$(BIN)/python -m tests.bench $(ARGS)

bench-matching: setup
	@$(PYTHON) deploy/setup.py peers matching
	@$(BIN)/python -m tests.bench.matching $(ARGS)

bench-hris: setup
	@$(BIN)/python -m tests.bench.hris $(ARGS)

bench-quality: setup
	@$(BIN)/python -m tests.bench.matching.quality $(ARGS)

bench-picture: setup
	@$(PYTHON) deploy/setup.py peers matching
	@$(BIN)/python -m tests.bench.matching.curve $(ARGS)
	@$(BIN)/python -m tests.bench.matching.picture .local/bench/curve.jsonl deploy/pictures/matching.svg

clean:
	@$(PYTHON) deploy/setup.py clean

screenshots: setup
	@$(BIN)/python -m deploy.local.pictures
