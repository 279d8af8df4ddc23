# SPDX-License-Identifier: MIT
# musl on this machine's own architecture, with the compiler that scripts/musl makes in the directory EFD_MUSL. Programs are
# linked statically and run on this kernel, without an emulator; /usr/include and the libraries beside it are glibc's.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${CMAKE_HOST_SYSTEM_PROCESSOR})
set(EFD_MUSL "" CACHE PATH "the directory in which scripts/musl has made the compiler for musl")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES EFD_MUSL)
set(CMAKE_C_COMPILER ${EFD_MUSL}/bin/${CMAKE_SYSTEM_PROCESSOR}-linux-musl-gcc)
set(CMAKE_CXX_COMPILER ${EFD_MUSL}/bin/${CMAKE_SYSTEM_PROCESSOR}-linux-musl-g++)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static-pie)
set(BUILD_SHARED_LIBS OFF CACHE BOOL "what efd::efd is; a program that is linked statically takes no shared library")
set(EFD_BUILD_DROPIN OFF CACHE BOOL "the drop-in is for programs of glibc")
set(ENV{PKG_CONFIG_LIBDIR} ${EFD_MUSL}/lib/pkgconfig)
# Macros of musl's headers (FD_SET, CMSG_NXTHDR) convert signs in the source that uses them.
set(EFD_LESS_WARNINGS -Wno-sign-conversion)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR}/../foreign)
set(CMAKE_FIND_ROOT_PATH ${EFD_MUSL})
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
