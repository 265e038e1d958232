# The short ways in. What they do is in CMakePresets.json and tools/.
#   make            builds build/bin/broach, tvmc, run_model and build/lib/libbroach*
#   make demo       compiles an ImageNet network, runs it on the photograph of a cat and names it
#   make test       everything: C++ and Python tests, ONNX's node cases, then what reads foreign bytes under sanitizers
#   make test-release     the same without sanitizers; TESTS=REGEX narrows it to the tests of that name
#   make bench      Broach beside ONNX Runtime (BENCH="--models resnet18 --threads 1" narrows it)
#   make install PREFIX=/usr/local   programs, libraries, headers, CMake package, pkg-config files
#   make format | docs | clean
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: build demo test test-release test-dependencies bench install format docs clean

PREFIX ?= /usr/local
BENCH ?=
TESTS ?= .
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

test-dependencies: build
	@tools/install_dependencies --tests
	@tools/venv tests >/dev/null
	@tools/make_models
	@rm -rf build/test-results

test: test-dependencies
	$(call cmake_build,asan)
	@status=0; ctest --preset release || status=1; ctest --preset asan || status=1; tools/test_summary || status=1; exit $$status

test-release: test-dependencies
	@status=0; ctest --preset release -R '$(TESTS)' || status=1; tools/test_summary || status=1; exit $$status

bench: build
	@tools/venv tests bench/bench.py $(BENCH)

install: build
	@cmake --install build --prefix '$(abspath $(PREFIX))' >build/install.log || { cat build/install.log; exit 1; }
	@echo "installed into $(abspath $(PREFIX)); the files are listed in build/install_manifest.txt"

format:
	@tools/install_dependencies --tests
	@tools/source_files | xargs -0 clang-format-22 -i

# docs/cli.md is the program's own help.
docs: build
	@tools/make_docs

clean:
	@rm -rf build
