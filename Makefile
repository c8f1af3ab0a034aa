# SPDX-License-Identifier: Apache-2.0
# make test   check everything in an environment of its own (.venv)
# make bench  measure speed against other ways to the same on VIDEOS, and renew tables and chart
# make demo   install the runtime in an environment of its own (.venv-demo) and run the main job

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
PYTEST_ARGS ?=
VIDEOS ?= $(wildcard ../shared/data/videos/*.mp4)
BENCH_ARGS ?=
export SOURCE ?=
VENV := .venv
DEMO_VENV := .venv-demo
CONSTRAINTS := requirements/constraints.txt
NATIVE := $(shell find edge/native -name '*.hpp' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' 2>/dev/null)
NATIVE_TESTS := $(shell find tests -name '*.hpp' -o -name '*.cpp' -o -name '*.h' -o -name '*.c' 2>/dev/null)
PACKAGE := $(shell find edge -type f -not -name '*.pyc' 2>/dev/null)
BUILD_INPUTS := pyproject.toml CMakeLists.txt cmake/kernels.cmake $(CONSTRAINTS) $(NATIVE)
PIP_QUIET := --quiet --disable-pip-version-check --no-input
CONSTRAINED := --constraint $(CONSTRAINTS) --build-constraint $(CONSTRAINTS)

.PHONY: help test demo bench lint types pytest format machine clean

help:
	@sed -n '2,4s/^# //p' Makefile
	@echo 'make lint | types | pytest | format | clean   the steps alone; PYTEST_ARGS="-k nms" chooses tests'

test: lint types pytest

lint: $(VENV)/installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/clang-format --dry-run --Werror $(NATIVE) $(NATIVE_TESTS)

types: $(VENV)/installed
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy tests

pytest: $(VENV)/installed
	$(VENV)/bin/python -m pytest $(PYTEST_ARGS)

# MEDIAPIPE_PYTHON is an interpreter that has mediapipe, HAGRID the folder of dynamic_gestures' networks; either may be left out.
bench: $(VENV)/installed
	$(VENV)/bin/python -m benchmarks.speed $(VIDEOS) $(if $(MEDIAPIPE_PYTHON),--mediapipe-python $(MEDIAPIPE_PYTHON)) \
		$(if $(HAGRID),--hagrid $(HAGRID)) $(BENCH_ARGS) --output benchmarks/results/speed.json
	$(VENV)/bin/python -m benchmarks.tables
	$(VENV)/bin/python -m benchmarks.chart

format: $(VENV)/installed
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(VENV)/bin/clang-format -i $(NATIVE) $(NATIVE_TESTS)

# A camera that delivers no frame (exit code 3) says why and the next one is tried; the built-in scene is the last resort.
demo: $(DEMO_VENV)/installed
	@mkdir -p demo
	@run=("$(DEMO_VENV)/bin/edge-run" --video demo/annotated.mp4 --jsonl demo/results.jsonl); \
	source=$$SOURCE; done=; \
	if [[ -z $$source ]]; then rm -f demo/annotated.mp4 demo/results.jsonl; fi; \
	for camera in $$([[ -n $$source ]] || find /dev -maxdepth 1 -name 'video*' 2>/dev/null | sort -V); do \
		echo "Watching $$camera for 600 frames; Ctrl-C ends it earlier."; \
		status=0; "$${run[@]}" --camera "$$camera" --max-frames 600 || status=$$?; \
		if [[ $$status -eq 3 && ! -s demo/results.jsonl ]]; then continue; fi; \
		if [[ $$status -ne 0 ]]; then exit $$status; fi; \
		done=yes; break; \
	done; \
	if [[ -z $$done ]]; then "$${run[@]}" "$${source:-test:hands?seconds=20}"; fi
	@echo 'Written: demo/annotated.mp4 (the video) and demo/results.jsonl (one JSON object a frame).'

machine:
	@refuse() { echo "$$1" >&2; exit 1; }; \
	type $(PYTHON) >/dev/null 2>&1 || refuse 'Python 3.10 to 3.13 is needed; install it, or name it: make PYTHON=/path/to/python3'; \
	$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || \
		refuse "Python 3.10 to 3.13 is needed, $(PYTHON) is $$($(PYTHON) -V); name another: make PYTHON=/path/to/python3"; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		refuse '$(PYTHON) cannot make environments; install its venv module: sudo apt-get install python3-venv'; \
	$(PYTHON) -c 'import pathlib, sys, sysconfig; sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())' || \
		refuse 'the headers of $(PYTHON) are missing; install them: sudo apt-get install python3-dev'; \
	"$${CXX:-c++}" -std=c++17 -x c++ -fsyntax-only - <<< 'int main() {}' 2>/dev/null || \
		refuse "$${CXX:-c++} cannot compile C++17; install a compiler: sudo apt-get install g++, or name one: CXX=clang++ make ..."

$(VENV)/bin/python $(DEMO_VENV)/bin/python:
	@$(MAKE) --no-print-directory machine
	$(PYTHON) -m venv --clear $(patsubst %/bin/python,%,$@)

# pip older than 25.3 knows no build constraints.
$(VENV)/installed: $(BUILD_INPUTS) $(VENV)/bin/python
	@echo 'Installing what the tests need into $(VENV): a few minutes the first time.'
	$(VENV)/bin/python -m pip install $(PIP_QUIET) --upgrade 'pip>=25.3'
	$(VENV)/bin/python -m pip install $(PIP_QUIET) $(CONSTRAINED) \
		--config-settings=cmake.define.EDGE_WARNINGS_AS_ERRORS=ON \
		--config-settings=cmake.define.EDGE_CUDA_ARCHITECTURES=87 --editable '.[workstation,dev]'
	@touch $@

$(DEMO_VENV)/installed: $(BUILD_INPUTS) $(PACKAGE) $(DEMO_VENV)/bin/python
	@echo 'Installing into $(DEMO_VENV): a minute or two the first time.'
	$(DEMO_VENV)/bin/python -m pip install $(PIP_QUIET) --upgrade 'pip>=25.3'
	$(DEMO_VENV)/bin/python -m pip uninstall $(PIP_QUIET) --quiet --yes edge-hands
	$(DEMO_VENV)/bin/python -m pip install $(PIP_QUIET) $(CONSTRAINED) .
	@touch $@

clean:
	rm -rf $(VENV) $(DEMO_VENV) build demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
