# SPDX-License-Identifier: MIT
# The warnings that every target of this project builds with. Not exported to those who use the library. With EFD_WERROR,
# which the presets set, each is an error; a compiler that is newer than the project may know new ones, so users' builds
# only show them. g++ 12 wrongly reports null pointers in a std::vector<std::string> that CLI11's headers or tables make:
# a target with EFD_SPLITS_STRINGS builds without that warning. EFD_LESS_WARNINGS, which a toolchain file may set, are options
# that turn off what the headers of its libc cause.
option(EFD_WERROR "every warning is an error" OFF)

add_library(efd_warnings INTERFACE)
target_compile_options(
  efd_warnings
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow $<$<BOOL:${EFD_WERROR}>:-Werror>
            $<$<COMPILE_LANGUAGE:CXX>:-Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
            -Woverloaded-virtual
            $<$<NOT:$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:$<TARGET_PROPERTY:EFD_SPLITS_STRINGS>>>>:-Wnull-dereference>
            -Wimplicit-fallthrough ${EFD_LESS_WARNINGS}>)
