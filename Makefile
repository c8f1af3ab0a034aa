# SPDX-License-Identifier: Apache-2.0
# make test   check everything in an environment of its own (.venv)
# make demo   install the runtime in an environment of its own (.venv-demo) and run the main job

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
PYTEST_ARGS ?=
SOURCE ?=
VENV := .venv
DEMO_VENV := .venv-demo
CONSTRAINTS := requirements/constraints.txt
NATIVE := $(shell find edge/native -name '*.hpp' -o -name '*.cpp' 2>/dev/null)
PACKAGE := $(shell find edge -type f -not -name '*.pyc' 2>/dev/null)
BUILD_INPUTS := pyproject.toml CMakeLists.txt $(CONSTRAINTS) $(NATIVE)
PIP_FLAGS := --quiet --disable-pip-version-check --no-input --build-constraint $(CONSTRAINTS) --constraint $(CONSTRAINTS)

.PHONY: help test demo lint types pytest format machine clean

help:
	@sed -n '2,3s/^# //p' Makefile
	@echo 'make lint | types | pytest | format | clean   the steps alone; PYTEST_ARGS="-k nms" chooses tests'

test: lint types pytest

lint: $(VENV)/installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/clang-format --dry-run --Werror $(NATIVE)

types: $(VENV)/installed
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy tests

pytest: $(VENV)/installed
	$(VENV)/bin/python -m pytest $(PYTEST_ARGS)

format: $(VENV)/installed
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(VENV)/bin/clang-format -i $(NATIVE)

demo: $(DEMO_VENV)/installed
	@mkdir -p demo
	@PATH="$(CURDIR)/$(DEMO_VENV)/bin:$$PATH" bash demo.sh $(SOURCE)

machine:
	@command -v $(PYTHON) >/dev/null || { echo 'Python 3.10 or newer is needed; install it or name it: make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or newer is needed, $(PYTHON) is $$($(PYTHON) -V); name another: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make environments; install its venv module: sudo apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import pathlib, sysconfig, sys; sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())' || { echo "the headers of $(PYTHON) are missing; install them: sudo apt-get install python3-dev" >&2; exit 1; }
	@echo 'int main() {}' | "$${CXX:-c++}" -std=c++17 -x c++ -fsyntax-only - 2>/dev/null || { echo "$${CXX:-c++} cannot compile C++17; install a compiler: sudo apt-get install g++ (or name one: CXX=clang++ make ...)" >&2; exit 1; }

$(VENV)/bin/python $(DEMO_VENV)/bin/python: | machine
	$(PYTHON) -m venv --clear $(@D)/..
	$@ -m pip install --quiet --disable-pip-version-check --no-input --upgrade 'pip>=25.3'

$(VENV)/installed: $(BUILD_INPUTS) | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install $(PIP_FLAGS) --editable '.[workstation,dev]'
	@touch $@

$(DEMO_VENV)/installed: $(BUILD_INPUTS) $(PACKAGE) | $(DEMO_VENV)/bin/python
	$(DEMO_VENV)/bin/python -m pip install $(PIP_FLAGS) --force-reinstall --no-deps .
	$(DEMO_VENV)/bin/python -m pip install $(PIP_FLAGS) .
	@touch $@

clean:
	rm -rf $(VENV) $(DEMO_VENV) build demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
