# One command checks everything, and CI runs the same.

PYTHON ?= $(if $(wildcard .venv/bin/python),.venv/bin/python,python3)

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 14

.PHONY: install
install:  ## a virtual environment with epochal, editable, and what develops it
	python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e '.[dev]'

.PHONY: lab
lab:  ## open the lab
	$(PYTHON) -m tui

.PHONY: check
check: lint types test  ## everything that must hold on main

.PHONY: lint
lint:  ## ruff: format and lint
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

.PHONY: types
types:  ## mypy, strict, on both packages
	$(PYTHON) -m mypy

.PHONY: test
test:  ## the tests
	$(PYTHON) -m pytest -q

# The torch of constraints.txt, unless "make newest TORCH=…" says another.
TORCH ?= $(shell sed -n 's/^torch==//p' constraints.txt)

.PHONY: newest
newest:  ## the tests against the newest of everything but torch, which TORCH= names
	python3 -m venv --clear .venv-newest
	.venv-newest/bin/pip install -q 'torch==$(TORCH)' -e '.[dev]'
	.venv-newest/bin/python -m pytest -q

# fastai says that it needs an older torch than it works with.
.PHONY: libraries
libraries:  ## the tests of watched loops beside the newest of the libraries that own them
	python3 -m venv --clear .venv-libraries
	.venv-libraries/bin/pip install -q 'torch==$(TORCH)' -e '.[dev]' lightning skorch transformers \
		accelerate keras peft fastcore fastprogress fasttransform fastdownload matplotlib requests
	.venv-libraries/bin/pip install -q --no-deps fastai
	.venv-libraries/bin/python -m pytest -q tests/engine/loops

.PHONY: format
format:  ## ruff: format, and mend what can be mended
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

.PHONY: bench
bench:  ## the benchmarks: ratios, side by side in one run
	$(PYTHON) -m benchmarks.speed
	$(PYTHON) -m benchmarks.enter
	-$(PYTHON) -m benchmarks.scan  # says how to install JAX where it is missing
	$(PYTHON) -m benchmarks.limit
	$(PYTHON) -m benchmarks.sketch
	$(PYTHON) -m benchmarks.large
	$(PYTHON) -m benchmarks.tables
	$(PYTHON) -m benchmarks.pictures
	-$(PYTHON) -m benchmarks.lightning  # says how to install it where it is missing
	-$(PYTHON) -m benchmarks.cuda  # leaves with 2 where there is no GPU
	$(PYTHON) -m benchmarks.screen
	$(PYTHON) -m benchmarks.drawing
	$(PYTHON) -m benchmarks.echo
	$(PYTHON) -m benchmarks.attached
	$(PYTHON) -m benchmarks.million
	$(PYTHON) -m benchmarks.reading
	$(PYTHON) -m benchmarks.memory
	$(PYTHON) -m benchmarks.probe
	$(PYTHON) -m benchmarks.published

.PHONY: wheel
wheel:  ## a wheel is built, and what it brings is run where there is no compiler
	PYTHON=$(PYTHON) .ci/wheel

.PHONY: cross
cross:  ## the compiled steps for arm64, in qemu where there is one, and without wide vectors
	$(PYTHON) -m tests.cross
	ATEN_CPU_CAPABILITY=avx2 $(PYTHON) -m pytest -q tests/engine/gradients/compiled
	ATEN_CPU_CAPABILITY=default $(PYTHON) -m pytest -q tests/engine/gradients/compiled

.PHONY: remedies
remedies:  ## every remedy of the diagnosis trained, and a hundred healthy runs diagnosed
	$(PYTHON) -m benchmarks.remedies
	$(PYTHON) -m benchmarks.healthy

.PHONY: torture-short
torture-short:  ## a share of everything that is broken on purpose: ten minutes on two cores
	$(PYTHON) -m benchmarks.torture short

.PHONY: torture
torture:  ## everything that is broken on purpose, in hours: the rows of benchmarks/RELIABILITY.md, and typing
	$(PYTHON) -m benchmarks.torture
	$(PYTHON) -m tests.typists 10000
	EPOCHAL_TYPED=100 $(PYTHON) -m pytest -q -n0 tests/whole/test_typing_terminal.py
	EPOCHAL_WATCHED=all $(PYTHON) -m pytest -q -n0 tests/engine/loops/test_script.py
	EPOCHAL_NESTED=all $(PYTHON) -m pytest -q -n0 tests/tui/pictures/test_nested_values.py
	-$(PYTHON) -m benchmarks.full_disk 80  # as root: each size is a disk of its own

.PHONY: sweeps
sweeps:  ## sweeps beside plain loops, their memory, and twenty killed at random moments
	$(PYTHON) -m benchmarks.cells
	$(PYTHON) -m benchmarks.sweep
	$(PYTHON) -m benchmarks.interrupted

.PHONY: picture
picture:  ## the README's picture of the lab, made from a recording
	$(PYTHON) .github/picture.py
