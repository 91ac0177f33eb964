# Needs Python 3.11 or newer, make and git; everything else is installed into .venv and .clique.
PYTHON ?= python3
BIN := .venv/bin
unexport PYTHONDONTWRITEBYTECODE  # dozens of processes start here; each would compile everything again

.PHONY: demo setup test check bench lock

demo: export CLIQUE_END_WITH_PARENT = 1
demo:
	@$(PYTHON) clique_app/demo/install.py demo
	@exec $(BIN)/clique demo $(ARGS)

setup:
	@$(PYTHON) clique_app/demo/install.py dev
	@$(BIN)/clique setup

test: setup
	$(BIN)/python -m pytest -n 4 --dist worksteal tests/system tests/integration $(ARGS) || [ $$? -eq 5 ]
	# browser tests by demo, the rest beside them: tests/conftest.py
	$(BIN)/python -m pytest -n 3 --dist loadscope tests --ignore tests/integration --ignore tests/system $(ARGS) || [ $$? -eq 5 ]

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m tests.bench $(ARGS)

# after a change of dependencies in pyproject.toml
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet
lock:
	$(LOCK) pyproject.toml --extra demo --extra dev -o requirements/dev.txt
	$(LOCK) pyproject.toml --extra demo -c requirements/dev.txt -o requirements/demo.txt
	$(LOCK) pyproject.toml -c requirements/dev.txt -o requirements/app.txt
	echo uv | $(LOCK) - -o requirements/uv.txt
