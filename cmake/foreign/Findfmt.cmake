# SPDX-License-Identifier: MIT
# fmt for another architecture: the build machine's headers, which need no library (FMT_HEADER_ONLY). They are copied,
# as /usr/include itself is of this architecture.
if(NOT TARGET fmt::fmt)
  file(COPY /usr/include/fmt DESTINATION ${PROJECT_BINARY_DIR}/foreign_headers/fmt)
  add_library(fmt::fmt INTERFACE IMPORTED GLOBAL)
  target_include_directories(fmt::fmt SYSTEM INTERFACE ${PROJECT_BINARY_DIR}/foreign_headers/fmt)
  target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)
endif()
set(fmt_FOUND TRUE)
