# City Twin Workbench: what a developer types. `make` alone lists it.
PY := .venv/bin/python
DATA ?=
QGIS_PROFILE ?=
PYTEST_ARGS ?=
MINUTES ?= 60
MATRICES_ARGS ?=
BENCH ?=
BENCH_ARGS ?=
# Plain Python: neither Qt nor QGIS is loaded.
NO_QT := -p no:pytest-qt -p no:pytest_qgis

.DEFAULT_GOAL := help
.PHONY: help setup lint format unit slow contract force matrices soak soak-live qgis-test e2e test package install demo bench i18n clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## install what is missing (QGIS 3.40 from bookworm-backports on Debian 12) and make .venv
	@sh tools/setup.sh

lint: setup ## ruff, mypy, import-linter, the plugin site's checks, Qt names, user texts, house rules
	@$(PY) -m tools.package
	@$(PY) -m tools.lint

format: setup ## mend what ruff can mend by itself
	@$(PY) -m ruff check --fix --quiet . ; $(PY) -m ruff format --quiet .

unit: setup ## the tests that need no QGIS (seconds)
	@$(PY) -m pytest tests/unit -m "not slow" $(NO_QT) -n 2 --dist worksteal --timeout=60 --junitxml=build/junit/unit.xml $(PYTEST_ARGS)

slow: setup ## the tests that need no QGIS but whole programs: processes killed, GDAL and OWSLib as clients, the real data
	@$(PY) -m pytest tests/unit -m slow $(NO_QT) -n 2 --timeout=120 --junitxml=build/junit/slow.xml $(PYTEST_ARGS)

contract: setup ## the same scenarios against real servers: the embedded twin's tiers, pygeoapi, QGIS Server, tipg
	@$(PY) -m pytest tests/contract $(NO_QT) --timeout=120 --junitxml=build/junit/contract.xml $(PYTEST_ARGS)

force: setup ## proof by force: faults at requests, kills, random histories, every merge (samples; `make matrices`: all)
	@$(PY) -m pytest tests/force $(NO_QT) -n 2 --timeout=300 --junitxml=build/junit/force.xml $(PYTEST_ARGS)

matrices: setup ## proof by force and contract in full, printed as matrices (also in build/matrices)
	@$(PY) -m tools.matrices $(MATRICES_ARGS)

soak: setup ## thousands of kills and of other random histories: FORCE_KILLS, FORCE_HISTORIES, FORCE_STEPS, FORCE_SEED
	@FORCE_SOAK=1 FORCE_SEED=$${FORCE_SEED:-$$(date +%s)} FORCE_FAULT_STEP=1 FORCE_KILL_STEP=1 FORCE_FILE_STEP=1 \
	  FORCE_KILLS=$${FORCE_KILLS:-400} FORCE_HISTORIES=$${FORCE_HISTORIES:-1000} FORCE_STEPS=$${FORCE_STEPS:-60} \
	  $(PY) -m pytest tests/force $(NO_QT) -n 2 --timeout=36000 $(PYTEST_ARGS)

soak-live: setup ## live sensors for hours: a broker restarted every minute, sensors that misbehave (MINUTES=60)
	@SOAK_MINUTES="$(MINUTES)" QT_QPA_PLATFORM=offscreen $(PY) -m pytest tests/soak -o faulthandler_timeout=0 $(PYTEST_ARGS)

qgis-test: setup ## the tests with QGIS's libraries, without its window
	@QT_QPA_PLATFORM=offscreen $(PY) -m pytest tests/qgis -n 2 --dist loadfile --timeout=120 --junitxml=build/junit/qgis.xml $(PYTEST_ARGS)

e2e: setup ## the tests inside the real QGIS application, under Xvfb
	@$(PY) -m tools.package
	@$(PY) -m tools.qgis_pytest tests/e2e $(PYTEST_ARGS)

test: setup ## all of it: lint, unit, slow, force, contract, qgis-test, e2e
	@failed=; for part in lint unit slow force contract qgis-test e2e; do \
	  $(MAKE) --no-print-directory $$part || failed="$$failed $$part"; \
	done; [ -z "$$failed" ] || { echo "Failed:$$failed"; exit 1; }

package: setup ## build/city_twin_workbench.zip, checked as the plugin site checks it
	@$(PY) -m tools.package
	@$(PY) -m tools.lint site

install: setup ## put the plugin into your QGIS profile (QGIS_PROFILE=name for another than the default)
	@$(PY) -m tools.package
	@QGIS_PROFILE="$(QGIS_PROFILE)" $(PY) -m tools.install

demo: setup ## start a demo twin and QGIS with the plugin on it (DATA=../shared/data for your own files)
	@$(PY) -m tools.package
	@$(PY) -m tools.demo --data "$(DATA)"

bench: setup ## measure speed and memory, or some of it: BENCH="checkout pull" BENCH_ARGS="--runs 5" (see its --help)
	@$(PY) -m tools.package
	@$(PY) -m tools.bench $(BENCH) $(BENCH_ARGS)

i18n: setup ## bring i18n/*.po up to date with the source, and say what is untranslated
	@$(PY) -m tools.i18n

clean: ## remove what was built (not .venv)
	@rm -rf build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find plugin tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
