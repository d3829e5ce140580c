# Two commands matter: `make demo` runs the main job, `make test` runs every test. Each sets up all it needs.
.DEFAULT_GOAL := demo
SHELL := /bin/bash
UV = $$(scripts/bootstrap)
RUN = $(UV) run --frozen
# Byte code is made at set-up, so that the first run is as quick as the others, wherever Python may not cache it.
COMPILE = $(UV) run --frozen --no-sync python -m compileall -q src

# Tests start hundreds of processes: without byte code on disk each compiles anew what it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint collected unit tools bench lock screenshots clean

demo: ## a twin's whole way on this machine: optimize, bring up, stream, outage, verify, meter, age, shut down
	@$(UV) sync --quiet --frozen --no-dev --extra ui
	@$(COMPILE)
	@$(UV) run --frozen --no-dev --no-sync twin2multicloud demo

test: ## everything CI runs
	@$(UV) sync --quiet --frozen
	@$(COMPILE)
	@# Fetching tools and checking do not wait for each other.
	@$(MAKE) --no-print-directory -j 3 tools lint collected
	@$(MAKE) --no-print-directory unit

lint:
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports

collected: # what pytest makes of the tests' code, once instead of in each of its workers
	@$(RUN) pytest -q --collect-only > /dev/null || true

unit:
	@# Fast tests first, so that a mistake shows within seconds; then the slow ones, which wait half of their time.
	$(RUN) pytest -q -m "not slow" -n 4 --dist loadgroup
	$(RUN) pytest -q -m slow -n 4 --dist loadgroup

tools: ## what some tests need beside Python; a test whose tool cannot be had is skipped with the reason
	@command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || \
	  scripts/apt-install chromium >/dev/null || echo "tools: no chromium; browser tests will be skipped" >&2
	@for tool in mosquitto jq nginx; do \
	  PATH="$$PATH:/usr/sbin" command -v $$tool >/dev/null 2>&1 || scripts/apt-install $$tool >/dev/null || \
	  echo "tools: no $$tool; its tests will be skipped" >&2; done
	@PATH="$$PATH:$$(echo /usr/lib/postgresql/*/bin | tr ' ' :)" command -v postgres >/dev/null 2>&1 || \
	  scripts/apt-install postgresql >/dev/null || echo "tools: no PostgreSQL; its tests will be skipped" >&2
	@for cloud in ministack azure gcp; do \
	  scripts/standins-$$cloud >/dev/null || echo "tools: no stand-ins for $$cloud; their tests will be skipped" >&2; done
	@scripts/oidc-provider >/dev/null || echo "tools: no OpenID provider; tests of signing in with it will be skipped" >&2

bench: ## every benchmark, as ratios against stated baselines
	@$(UV) sync --quiet --frozen
	@$(COMPILE)
	$(RUN) python -m benchmarks

screenshots: tools ## docs/images from the real output
	$(RUN) python scripts/screenshots.py

lock:
	$(UV) lock --upgrade

clean:
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
