# jupyter_carbon. Needs Python 3.11 or newer, git and make; everything else goes into .venv.
#   make demo              JupyterLab on a copy of examples/first-meter.ipynb
#   make demo HEADLESS=1   the same notebook without a browser, and its summary
#   make test              style, types and floors, then the tests
#   make test-oldest       the browser tests on JupyterLab 4.2 and Notebook 7.2
#   make soak              the hostile conditions, each many times: what was lost, beside its bound
#   make bench             speed, memory and accuracy, each beside its limit
#   make screenshots       the pictures in docs/pictures
#   make lint, make format, make clean
# Another Python than python3: make PYTHON=python3.13 ...
PYTHON ?= python3

bin := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
python := $(bin)/python

# A Python that was asked for is used even where .venv was made with another version.
chosen := $(if $(filter command environment,$(firstword $(origin PYTHON))),--this-python)
too_old := "jupyter_carbon needs Python 3.11 or newer, and $(PYTHON) is older. Name another one: make PYTHON=python3.12 ..."
environment = @command -v $(PYTHON) >/dev/null || \
	{ echo "There is no $(PYTHON) here. jupyter_carbon needs Python 3.11 or newer: make PYTHON=..."; exit 1; }; \
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo $(too_old); exit 1; }; \
	$(PYTHON) scripts/environment.py $(chosen)

headless := $(filter-out 0 no false,$(HEADLESS))

.PHONY: help demo test test-oldest soak lint format bench screenshots clean

help:
	@sed -n '2,10s/^# *//p' Makefile

demo:
	$(environment) $(if $(headless),headless,demo labextension)
	@$(python) scripts/demo.py $(if $(headless),--headless)

# pytest comes last, so that its own closing line ends the output.
test: lint
	@$(python) scripts/chromium.py
	$(python) -m pytest

lint:
	$(environment) test lint labextension
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy
	$(bin)/lint-imports
	$(python) scripts/bundle.py run check lint

format:
	$(environment) lint labextension
	$(python) -m ruff check --fix .
	$(python) -m ruff format .
	$(python) scripts/bundle.py run format

bench:
	$(environment) bench labextension
	@$(python) scripts/chromium.py
	$(python) -m benchmarks

# Everything that can go wrong, as often as it takes to believe that nothing is lost.
soak:
	$(environment) test
	$(python) -m tests.faults

# The pictures that the README shows.
screenshots:
	$(environment) test labextension
	@$(python) scripts/chromium.py
	$(python) -m tests.browser.screenshots

# The browser tests on the oldest JupyterLab and Notebook that are supported.
test-oldest:
	$(environment) test labextension
	@$(python) scripts/chromium.py
	$(python) scripts/oldest.py

clean:
	rm -rf .venv .venv-oldest build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis \
		labextension/lib labextension/node_modules labextension/.yarn \
		jupyter_carbon/labextension jupyter_carbon/static
