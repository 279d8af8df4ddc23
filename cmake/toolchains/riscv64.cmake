# SPDX-License-Identifier: MIT
# riscv64 with Debian's cross compiler; what is built runs under qemu-user, so tests and their discovery work as at home.
# Linked statically: no foreign libraries are installed, and the emulator needs none. The tests are told that they run
# under an emulator on another machine, whose kernel is the one that /proc speaks of.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(CMAKE_C_COMPILER riscv64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER riscv64-linux-gnu-g++)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_CROSSCOMPILING_EMULATOR /usr/bin/qemu-riscv64)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR}/../foreign)
set(CMAKE_FIND_ROOT_PATH /usr/riscv64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
add_compile_definitions(EFD_UNDER_EMULATOR)
# std::jthread and std::atomic<bool> of the tests exchange bytes, which is a call here; libefd itself does not.
set(CMAKE_CXX_STANDARD_LIBRARIES_INIT -latomic)
