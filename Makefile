# `make` lists the targets. Each one that needs the environment makes it first.
# ARGS are passed on: make coarse-search ARGS="--n_seeds=8"

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

RUN := $(VENV)/bin/python
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup data gradient-check assignment1 assignment1-extras exercise2 exercise3 exercise4 schedule \
  lr-range-test coarse-search fine-search final-model assignment2-extras mistakes benchmark launch \
  runs report readme test lint clean \
  gradient_check lr_range_test coarse_search fine_search final_model assignment1_extras assignment2_extras

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  Flags are passed on by ARGS, as in: make coarse-search ARGS="--n_seeds=8"'

setup: $(READY) ## make the environment in .venv (uv if it is there, else venv and pip)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is missing or older than 3.11: make $(MAKECMDGOALS) PYTHON=/path/to/a/newer/python" >&2; exit 1; }
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --python "$(PYTHON)" $(VENV) && uv pip install --quiet --python $(RUN) -r requirements.txt; \
	else \
	  $(PYTHON) -m venv $(VENV) && $(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt; \
	fi
	@touch $(READY)

data: $(READY) ## fetch and check CIFAR-10 (170 MB); ARGS=DIR for a folder of your own
	$(RUN) -m dd2424_jax.data $(ARGS)

gradient-check: $(READY) ## every gradient four ways, beside published errors
	$(RUN) experiments/gradient_check.py $(ARGS)

assignment1: $(READY) ## assignment 1: the linear classifier's four settings, 20 seeds each
	$(RUN) experiments/assignment1.py $(ARGS)

assignment1-extras: $(READY) ## assignment 1: what each improvement of the linear classifier gains, and all that help
	$(RUN) experiments/assignment1_extras.py $(ARGS)

schedule: $(READY) ## assignment 2: every learning rate against the update step
	$(RUN) experiments/schedule.py $(ARGS)

lr-range-test: $(READY) ## assignment 2: which learning rates to train with, by accuracies while the rate rises, 5 seeds
	$(RUN) experiments/lr_range_test.py $(ARGS)

coarse-search: $(READY) ## assignment 2: 8 values of λ from 1e-5 to 0.1, 3 seeds each; or λ and η with --lr_max=... --grid
	$(RUN) experiments/coarse_search.py $(ARGS)

fine-search: $(READY) ## assignment 2: 10 values of λ round the coarse search's choice, 6 seeds each
	$(RUN) experiments/fine_search.py $(ARGS)

final-model: $(READY) ## assignment 2: the fine search's choice on all data, 5 fresh seeds, tested once
	$(RUN) experiments/final_model.py $(ARGS)

exercise2: $(READY) ## assignment 2, exercise 2: the gradient check, and overfitting 100 images, 5 seeds
	$(RUN) experiments/exercise2.py $(ARGS)

exercise3: $(READY) ## assignment 2, exercise 3: one cycle at λ = 0.01, 5 seeds
	$(RUN) experiments/exercise3.py $(ARGS)

exercise4: $(READY) ## assignment 2, exercise 4: three cycles at λ = 0.01, 5 seeds
	$(RUN) experiments/exercise4.py $(ARGS)

assignment2-extras: $(READY) ## assignment 2: what each optional part gains, and the best two-layer network, about 40 minutes
	$(RUN) experiments/assignment2_extras.py $(ARGS)

mistakes: $(READY) ## what mistakes of published code do to the test accuracy that is reported, about 2 minutes
	$(RUN) experiments/mistakes.py $(ARGS)

benchmark: $(READY) ## how fast it trains, beside the machine's limits and beside NumPy, plain JAX, torch, scikit-learn
	$(RUN) experiments/benchmark.py $(ARGS)

launch: $(READY) ## an experiment as several jobs; ARGS="--num_shards=3 --cluster=local coarse_search"
	$(RUN) experiments/launch.py $(ARGS)

.SECONDEXPANSION:
gradient_check lr_range_test coarse_search fine_search final_model assignment1_extras assignment2_extras: $$(subst _,-,$$@) # as the scripts are called

runs: $(READY) ## list all runs; ARGS="compare A B", ARGS="join A B"
	$(RUN) experiments/runs.py $(ARGS)

report: $(READY) ## everything on one page, results/report/index.html; runs what is missing; ARGS=--quick for a look
	$(RUN) experiments/report.py $(ARGS)

readme: $(READY) ## put the newest results with default flags into README.md and experiments/README.md
	$(RUN) experiments/readme.py $(ARGS)

test: $(READY) ## run the tests
	$(RUN) -m pytest -q -n auto --dist worksteal $(ARGS)

lint: $(READY) ## check style and format
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

clean: ## remove the environment and caches, compiled programs among them; results and data stay
	rm -rf $(VENV) *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/dd2424_jax/compiled"
