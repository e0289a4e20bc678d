# Needs only Python 3.11 or newer: everything else is set up in .venv on first use.
# `make PYTHON=python3.14` chooses one; otherwise it is the first of these that suits.
SUITS := -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
PYTHON ?= $(firstword $(foreach python,python3.11 python3.12 python3.13 python3.14 python3.15 python3,$(if $(shell $(python) $(SUITS) && echo suits),$(python))))
BIN := .venv/bin
INSTALLED := .venv/installed
# A .venv whose Python is gone, as after an upgrade of the system, is made anew.
$(shell test -x $(BIN)/python || rm -rf .venv)

.DEFAULT_GOAL := help
.PHONY: help run demo test check format dist bench page chromium clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

run: $(INSTALLED) page ## Start the receiver, and the fetcher if repositories are configured
	@$(BIN)/python scripts/run.py

demo: $(INSTALLED) page ## Show it with a made-up organisation; needs no token and no GitHub
	@$(BIN)/python scripts/demo.py

test: $(INSTALLED) page chromium ## Run every test
	$(BIN)/python hatch_build.py test
	$(BIN)/pytest --numprocesses auto --dist loadfile

check: $(INSTALLED) page ## Check formatting, lint, types, module boundaries, browser code
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/shellcheck integrations/notify/notify
	$(BIN)/hadolint Containerfile
	$(BIN)/zizmor --offline --no-progress --quiet .github integrations
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*
	$(BIN)/python hatch_build.py check

format: $(INSTALLED) ## Format the code and update docs/commands.md
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format
	$(BIN)/python hatch_build.py format
	$(BIN)/python scripts/commands.py

dist: $(INSTALLED) chromium ## Build the sdist and the wheel, and test the installed wheel
	$(BIN)/python scripts/dist.py

bench: $(INSTALLED) page chromium ## Measure against a bare baseline and write docs/performance.md
	$(BIN)/python -m bench

page: $(INSTALLED)
	@$(BIN)/python hatch_build.py

chromium: $(INSTALLED)
	@$(BIN)/python scripts/chromium.py

clean: ## Remove everything built or installed here; keeps config.toml and data/
	rm -rf .venv dist receiver/static receiver/web/node_modules

$(INSTALLED): pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) $(SUITS) || { echo 'Python 3.11 or newer is needed, with venv; PYTHON=… says where it is' >&2; exit 1; }
	@echo 'Setting up .venv (only once; takes about a minute)'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@
