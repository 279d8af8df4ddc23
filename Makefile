# SPDX-License-Identifier: MIT
# The front door of efd. Each goal says what it is going to do, installs the packages that are missing (scripts/setup),
# configures, builds, and goes. Everything that is built lands under build/, in the directory of its preset
# (CMakePresets.json).
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
DATA ?= /usr
PREFIX ?= /usr/local
SETUP ?= yes
export SETUP
export DESTDIR

.PHONY: help run test check proof musl bench report bench-doc docs install install-lib uninstall dist deb package-test abi wheel
.PHONY: recipes-test clean sanitize-asan sanitize-tsan

help:
	@echo "make run          build, and see the object at work beside the kernel's (DATA=/usr: the files it reads)"
	@echo "make test         build, and run every test"
	@echo "make check        style, then the tests under ASan+UBSan and under TSan (clang 19)"
	@echo "make proof        every means by which efd is checked, 15 minutes on two cores, and one table (docs/proof.md)"
	@echo "make musl         build the library, the command and their tests for musl, run them; docs/decisions/0025-musl.md"
	@echo "make bench        build, and print every row of the bench"
	@echo "make report       measure, and draw build/report/index.html: a page with every row and pictures"
	@echo "make bench-doc    the same, and write the table and the pictures of docs/bench.md anew"
	@echo "make docs         build the site: documents, reference, manual pages; build/site/index.html is its first page"
	@echo "make install      build libraries, headers, drop-in and command, and install them below PREFIX=/usr/local"
	@echo "make install-lib  libraries and headers alone: needs a compiler, CMake and make"
	@echo "make uninstall    remove from below PREFIX what these two have installed"
	@echo "make dist         write the sources as build/efd-VERSION.tar.gz, which builds without git"
	@echo "make deb          build the Debian packages, into build/deb"
	@echo "make package-test install, use and remove them in a fresh root of Debian (root; fetches some 300 MB)"
	@echo "make recipes-test build by the recipes for RPM, Arch, vcpkg and Conan, and use the results (root; half an hour)"
	@echo "make abi          compare the ABI of libefd.so with that of the last release"
	@echo "make wheel        the Python package as a wheel, in build/wheel (docs/python.md)"
	@echo "make clean        remove build/"
	@echo
	@echo "Each installs the Debian packages that are missing, and says so first; SETUP=no: none. JOBS=$(JOBS) run at once."

# configure PRESET OPTION...; build PRESET OPTION...
configure = scripts/progress configure cmake --preset
build = scripts/progress build cmake --build -j $(JOBS) --preset

# A tree that has its tests already keeps them.
without_tests = $(if $(wildcard build/release/CMakeCache.txt),,-DEFD_BUILD_TESTS=OFF)

# first_time FILE TEXT: what is said where FILE was not built yet; no commas.
first_time = $(if $(wildcard $(1)),,@echo "$(2)")

run:
	$(call first_time,build/release/src/cli/efd,make run: builds for 1 to 3 minutes on two idle processors; then shows efd at work for 1 minute)
	@scripts/setup build
	@$(configure) release $(without_tests)
	@$(build) release --target demo
	@scripts/demo build/release $(DATA)

test:
	$(call first_time,build/release/tests/core,make test: builds for 9 to 12 minutes on two idle processors; then the tests run for 9 to 11 minutes)
	@scripts/setup test
	@$(configure) release -DEFD_BUILD_TESTS=ON
	@$(build) release
	@scripts/progress test ctest --preset release -j $(JOBS) || \
	    { echo "make test: to run one test alone: ctest --preset release -R NAME"; exit 1; }

check:
	@scripts/setup check
	@$(configure) release -DEFD_BUILD_TESTS=ON
	@ctest --preset release -L style
	@ctest --preset lint
	@$(MAKE) --no-print-directory sanitize-asan
	@$(MAKE) --no-print-directory sanitize-tsan

# The builds before it are not counted into the 15 minutes.
proof:
	@scripts/setup proof
	@scripts/proof

musl:
	$(call first_time,build/musl/toolchain/made,make musl: builds for 10 to 15 minutes on two idle processors; then the tests run for some minutes)
	@scripts/setup musl
	@scripts/musl --jobs $(JOBS)

sanitize-asan sanitize-tsan: sanitize-%:
	@$(configure) $*
	@$(build) $*
	@ctest --preset $* -j $(JOBS)

bench:
	@scripts/setup bench
	@$(configure) release $(without_tests)
	@$(build) release --target demo
	@build/release/src/cli/efd bench

report:
	@scripts/setup figure
	@$(configure) release $(without_tests)
	@$(build) release --target demo
	@build/release/src/cli/efd bench --report build/report

bench-doc: report
	@scripts/bench-table --keep build/report/bench.json docs/bench.json
	@scripts/bench-table docs/bench.json docs/bench.md
	@scripts/bench-table --ways docs/bench.json README.md
	@scripts/bench-table --losses docs/bench.json docs/guide.md
	@cp build/report/ratios.svg docs/bench.svg
	@cp build/report/ratios-dark.svg docs/bench-dark.svg

docs:
	@scripts/setup docs
	@scripts/site build/site

install:
	@scripts/install check $(abspath $(PREFIX))
	$(call first_time,build/install/src/cli/efd,make install: builds for 1 to 3 minutes on two idle processors)
	@scripts/setup build
	@$(configure) install -DCMAKE_INSTALL_PREFIX=$(abspath $(PREFIX))
	@$(build) install
	@scripts/install do $(abspath $(PREFIX)) build/install

install-lib:
	@scripts/install check $(abspath $(PREFIX))
	$(call first_time,build/library/src/libefd.so,make install-lib: builds for half a minute on two idle processors)
	@scripts/setup library
	@$(configure) library -DCMAKE_INSTALL_PREFIX=$(abspath $(PREFIX))
	@MAKEFLAGS=--no-print-directory $(build) library
	@scripts/install do $(abspath $(PREFIX)) build/library

wheel:
	$(call first_time,build/wheel/work,make wheel: builds for half a minute on two idle processors)
	@scripts/setup python
	@scripts/progress wheel scripts/wheel

uninstall:
	@scripts/install undo $(abspath $(PREFIX))

dist:
	@scripts/dist

deb:
	@scripts/setup package
	@scripts/progress deb scripts/deb

package-test: deb
	@scripts/progress package-test scripts/package-test

recipes-test: deb
	@scripts/progress recipes-test scripts/recipes-test

abi:
	@scripts/setup package
	@$(configure) release $(without_tests)
	@scripts/abi

clean:
	@rm -rf build
