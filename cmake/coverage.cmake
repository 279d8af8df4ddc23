# SPDX-License-Identifier: MIT
# Coverage, for the whole build: with EFD_COVERAGE every program counts, in files beside its objects, which lines and
# branches of its sources ran (g++ and gcovr; scripts/coverage reads them). The preset coverage sets it.
# The counters are atomic, so that threads lose none; nothing is optimised, so that a line is what was written. Such a
# build is for the tests of the library alone: it is neither hardened nor measured nor explored.
option(EFD_COVERAGE "count the lines and branches that run (g++, gcovr)" OFF)

if(EFD_COVERAGE)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    message(FATAL_ERROR "EFD_COVERAGE needs g++: gcovr reads what its gcov says")
  endif()
  if(EFD_SANITIZE)
    message(FATAL_ERROR "EFD_COVERAGE and EFD_SANITIZE are two builds")
  endif()
  add_compile_options(--coverage -fprofile-update=atomic -fprofile-abs-path)
  add_link_options(--coverage -Wl,-u,__gcov_dump) # which children of forks call (tests/support/child.hpp)
endif()
