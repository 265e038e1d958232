# The short ways in. What they do is in CMakePresets.json and tools/.
#   make            builds build/bin/broach, tvmc, run_model and build/lib/libbroach*
#   make demo       compiles an ImageNet network, runs it on the photograph of a cat and names it
#   make test       everything: the tests, then importers and runtime under sanitizers
#   make bench      Broach beside ONNX Runtime (BENCH="--models resnet18 --threads 1" narrows it)
#   make install PREFIX=/usr/local   programs, libraries, headers, CMake package, pkg-config files
#   make format | docs | clean
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: build configure demo test test-release test-sanitized test-tools test-onnx bench install format docs clean

PREFIX ?= /usr/local
BENCH ?=
export BROACH_TEST_MODELS ?= $(abspath ../shared/models)
export BROACH_GENERATED_MODELS ?= $(abspath build/models)
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc)

# On a terminal ninja rewrites one line; in a log it says only what went wrong.
ninja_options := $(shell test -t 2 || echo '-- --quiet')
# $(call cmake_build,PRESET): configures once (ninja configures again by itself when a CMake file changes) and builds.
define cmake_build
	@directory=build/$(filter-out release,$(1)); mkdir -p $$directory; \
	if [[ ! -f $$directory/build.ninja || CMakePresets.json -nt $$directory/build.ninja ]]; then \
	  echo "configuring: $(1)"; \
	  cmake --preset $(1) >$$directory/configure.log 2>&1 || { cat $$directory/configure.log; exit 1; }; \
	fi; \
	echo "building: $(1)"; \
	cmake --build --preset $(1) $(ninja_options)
endef

build:
	@tools/install_dependencies
	$(call cmake_build,release)

demo: build
	@tools/demo

test: test-release test-sanitized

test-release: build
	@tools/install_dependencies --tests
	@tools/make_models
	@ctest --preset release
	@$(MAKE) --no-print-directory test-tools test-onnx

test-tools:
	@python=$$(tools/venv tests); $$python -m pytest -q -p no:cacheprovider tests/tools

test-onnx:
	@python=$$(tools/venv tests); $$python tests/onnx_backend/run_node_cases.py

test-sanitized:
	@tools/install_dependencies --tests
	$(call cmake_build,asan)
	@ctest --preset asan

bench: build
	@python=$$(tools/venv tests); $$python bench/bench.py $(BENCH)

install: build
	@cmake --install build --prefix $(PREFIX)

format:
	@tools/install_dependencies --tests
	@find src include tests examples bench -name '*.h' -o -name '*.hpp' -o -name '*.cpp' -o -name '*.c' | xargs clang-format-22 -i

# docs/cli.md is the program's own help.
docs: build
	@tools/make_docs

clean:
	@rm -rf build
