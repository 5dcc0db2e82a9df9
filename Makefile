# Two commands: `make run` and `make test`. Everything is installed into .venv; nothing else is touched.
# Needs Python 3.11 or newer; uses uv where it is on the PATH, else venv and pip.

PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS := 1
export UV_COMPILE_BYTECODE := 1

# $(call install,FILE): every version in FILE, checked against its hashes, then earmark itself; compiled
# here, so that the first start is as quick as the others.
define install
	@echo "Installing $(1) into .venv ..."
	@if command -v uv >/dev/null 2>&1; then pip="uv pip install --quiet --python $(PYTHON)"; \
	else $(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m ensurepip >/dev/null; \
	pip="$(PYTHON) -m pip install --quiet"; fi; \
	$$pip --require-hashes -r $(1) && $$pip --no-deps --no-build-isolation -e .
	@$(PYTHON) -m compileall -q earmark sources matcher storage monitors exports review
	@touch $@
endef

.PHONY: run test test-all check eval constraints reference clean
.DEFAULT_GOAL := run

run: .venv/installed-run  ## Install, then watch: your workspace if there is one, else the offline demo.
	.venv/bin/earmark up

test: .venv/installed-test check  ## Install, then all checks and the fast tests (import contracts are among them).
	$(PYTEST) -m "not slow" -n 2

test-all: .venv/installed-test  ## The slow tests: kill loops, real databases under load, a built wheel.
	HYPOTHESIS_PROFILE=all $(PYTEST) -m slow -n 2

check: .venv/installed-test
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

eval: .venv/installed-test  ## Measure the matcher on ../shared/eval, if it is there; fails when a figure fell.
	$(PYTHON) -m scripts.eval

constraints:  ## Pin the newest versions that pyproject.toml allows (needs uv).
	sh scripts/constraints.sh

reference: .venv/installed-test  ## Write docs/reference.md from the code.
	$(PYTHON) -m scripts.reference

clean:  ## Remove what make and the tests made; workspaces stay.
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed-run: constraints-run.txt pyproject.toml | $(PYTHON)
	$(call install,constraints-run.txt)

.venv/installed-test: constraints.txt pyproject.toml | $(PYTHON)
	$(call install,constraints.txt)
	@touch .venv/installed-run

$(PYTHON):
	@sh scripts/venv.sh .venv
