# Everything installs into .venv; nothing else on the machine is touched.
PYTHON ?= python3
BIN := .venv/bin
WEB := $(shell find web/src web/public web/*.json web/*.ts web/index.html -type f 2>/dev/null)

.PHONY: install serve picture test clean

install: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt hatch_build.py $(WEB)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Patchloom needs Python 3.11 or later; name one with make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	$(BIN)/patchloom nodes > .venv/nodes.txt
	touch $@

serve: install
	$(BIN)/patchloom serve

picture: install
	$(BIN)/patchloom run workflows/first_picture.json --set sample.seed=7 -o out.png

test: .venv/.tested
	$(BIN)/python -m pytest -n 3 --dist worksteal

.venv/.tested: .venv/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

clean:
	rm -rf .venv app/web_dist web/node_modules build dist
