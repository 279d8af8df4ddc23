# SPDX-License-Identifier: MIT
# i386 (Debian's i686 compiler); what is built runs on the x86-64 kernel itself, without an emulator.
# Linked statically, so that no library of that architecture need be installed.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_C_COMPILER i686-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER i686-linux-gnu-g++)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR}/../foreign)
set(CMAKE_FIND_ROOT_PATH /usr/i686-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# As every program is built today; the claims ask for offsets beyond 2^32, and a time_t of 64 bits asks for other calls.
add_compile_definitions(_FILE_OFFSET_BITS=64 _TIME_BITS=64)
