# SPDX-License-Identifier: MIT
# nlohmann-json for another architecture or libc: headers alone, copied from the build machine, as /usr/include itself is of
# this one.
if(NOT TARGET nlohmann_json::nlohmann_json)
  file(COPY /usr/include/nlohmann DESTINATION ${PROJECT_BINARY_DIR}/foreign_headers/nlohmann_json)
  add_library(nlohmann_json::nlohmann_json INTERFACE IMPORTED GLOBAL)
  target_include_directories(nlohmann_json::nlohmann_json SYSTEM INTERFACE ${PROJECT_BINARY_DIR}/foreign_headers/nlohmann_json)
endif()
set(nlohmann_json_FOUND TRUE)
