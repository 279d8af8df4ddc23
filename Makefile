# The front door of efd. Each goal installs what it needs (scripts/setup), configures, builds, and goes.
# Everything that is built lands under build/, in the directory of its preset (CMakePresets.json).
JOBS ?= 2
DATA ?= /usr
PREFIX ?= /usr/local

.PHONY: help run test check proof bench bench-doc install clean sanitize-asan sanitize-tsan

help:
	@echo "make run       build, and see the object at work beside the kernel's (DATA=/usr: the files it reads)"
	@echo "make test      build, and run every test"
	@echo "make check     style, then the tests under ASan+UBSan and under TSan (clang 19)"
	@echo "make proof     every means by which efd is checked, 15 minutes on two cores, and one table (docs/proof.md)"
	@echo "make bench     build, and print every row of the bench"
	@echo "make bench-doc measure, and write the table and the figure of docs/bench.md anew"
	@echo "make install   build, and install below PREFIX=/usr/local"
	@echo "make clean     remove build/"

# A tree that has its tests already keeps them.
run:
	@scripts/setup build
	@cmake --preset release $(if $(wildcard build/release/CMakeCache.txt),,-DEFD_BUILD_TESTS=OFF) >/dev/null
	@cmake --build --preset release -j $(JOBS) --target demo
	@scripts/demo build/release $(DATA)

test:
	@scripts/setup test
	@cmake --preset release -DEFD_BUILD_TESTS=ON >/dev/null
	@cmake --build --preset release -j $(JOBS)
	@ctest --preset release -j $(JOBS)

check:
	@scripts/setup check
	@cmake --preset release -DEFD_BUILD_TESTS=ON >/dev/null
	@ctest --preset release -L style
	@$(MAKE) --no-print-directory sanitize-asan
	@$(MAKE) --no-print-directory sanitize-tsan

# The builds before it are not counted into the 15 minutes.
proof:
	@scripts/setup proof
	@scripts/proof

sanitize-asan sanitize-tsan: sanitize-%:
	@cmake --preset $* >/dev/null
	@cmake --build --preset $* -j $(JOBS)
	@ctest --preset $* -j $(JOBS)

bench:
	@scripts/setup build
	@cmake --preset release $(if $(wildcard build/release/CMakeCache.txt),,-DEFD_BUILD_TESTS=OFF) >/dev/null
	@cmake --build --preset release -j $(JOBS) --target demo
	@build/release/src/cli/efd bench

bench-doc:
	@scripts/setup figure
	@cmake --preset release $(if $(wildcard build/release/CMakeCache.txt),,-DEFD_BUILD_TESTS=OFF) >/dev/null
	@cmake --build --preset release -j $(JOBS) --target demo
	@build/release/src/cli/efd bench --json >build/bench.json
	@cp build/bench.json docs/bench.json
	@scripts/bench-table docs/bench.json docs/bench.md
	@scripts/figure docs/bench.json docs/bench.svg

install:
	@scripts/setup build
	@cmake --preset release $(if $(wildcard build/release/CMakeCache.txt),,-DEFD_BUILD_TESTS=OFF) >/dev/null
	@cmake --build --preset release -j $(JOBS)
	@cmake --install build/release --prefix $(PREFIX)

clean:
	@rm -rf build
