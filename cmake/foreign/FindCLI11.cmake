# SPDX-License-Identifier: MIT
# CLI11 for another architecture: headers alone, copied from the build machine, as /usr/include itself is of this
# architecture.
if(NOT TARGET CLI11::CLI11)
  file(COPY /usr/include/CLI DESTINATION ${PROJECT_BINARY_DIR}/foreign_headers/CLI11)
  add_library(CLI11::CLI11 INTERFACE IMPORTED GLOBAL)
  target_include_directories(CLI11::CLI11 SYSTEM INTERFACE ${PROJECT_BINARY_DIR}/foreign_headers/CLI11)
endif()
set(CLI11_FOUND TRUE)
