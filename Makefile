# Thermoscout: what to type. `make` alone explains.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?=
export PYTHON

INPUT ?=
OUTPUT ?= demo
DATA := $(abspath $(CURDIR)/../shared/data)
ifneq ($(wildcard $(DATA)),)
export THERMOSCOUT_DATA ?= $(DATA)
endif

.PHONY: help setup setup-tests demo test soak lint clean

help:
	@echo "Thermoscout finds overheating power equipment in infrared pictures."
	@echo
	@echo "  make demo                 sets up, runs the whole ROS 2 graph on a simulated patrol,"
	@echo "                            leaves a report and a bag in demo/"
	@echo "  make demo INPUT=folder    the same on a folder of real thermograms"
	@echo "  make setup                the environment alone: .venv and the built messages and nodes;"
	@echo "                            afterwards .venv/bin/thermoscout works"
	@echo "  make test                 everything that CI runs: lint, types, tests, a short soak"
	@echo "  make soak                 the soak alone: the graph for 3 minutes, a fault every 20 s"
	@echo "  make lint                 ruff and mypy alone"
	@echo "  make clean                removes .venv, .ros and what the tools left behind"
	@echo
	@echo "  OUTPUT=folder   where the demo writes (default demo)"
	@echo "  PYTHON=program  the Python to set up with (default python3)"
	@echo
	@echo "Where a ROS 2 is sourced (source /opt/ros/jazzy/setup.bash), that one is used; else a"
	@echo "private ROS 2 Jazzy is installed into .venv. To use the environment in your own shell:"
	@echo "  source scripts/env.sh"

setup:
	@scripts/setup

setup-tests:
	@scripts/setup --tests

demo: setup
	@scripts/with_ros .ros/install/lib/thermoscout/demo --output "$(OUTPUT)" $(if $(INPUT),--input "$(INPUT)")

# The nodes' tests one after the other: they measure times. The others side by side, with a thread each.
test: lint
	@OMP_NUM_THREADS=1 scripts/with_ros python -m pytest --ignore=test/nodes \
		--numprocesses=auto --maxprocesses=4 --dist=loadfile
	@scripts/with_ros python -m pytest test/nodes
	@$(MAKE) --no-print-directory soak

# After the tests, not beside them: it measures for how long verdicts are away. A minute is allowed,
# for a slow machine starts a killed node slowly; the command's own default is the bar of 5 s.
soak: setup
	@rm -rf .ros/soak
	@scripts/with_ros .ros/install/lib/thermoscout/soak --minutes 3 --every 20 --rate 5 \
		--size 320x256 --patience 60 --output .ros/soak

lint: setup-tests
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

clean:
	rm -rf .venv .ros build install log src/*.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
