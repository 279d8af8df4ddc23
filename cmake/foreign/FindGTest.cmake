# SPDX-License-Identifier: MIT
# GoogleTest for another architecture: Debian's libgtest-dev is for this one alone, so it is built from Debian's sources
# (package googletest) with the cross compiler. Gives the targets that find_package(GTest) gives at home.
set(BUILD_GMOCK ON)
set(INSTALL_GTEST OFF)
if(NOT TARGET gtest)
  add_subdirectory(/usr/src/googletest ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL SYSTEM)
endif()
set(GTest_FOUND TRUE)
