# SPDX-License-Identifier: MIT
# nlohmann-json for another architecture or libc.
include(${CMAKE_CURRENT_LIST_DIR}/headers.cmake)
efd_foreign_headers(nlohmann_json::nlohmann_json nlohmann)
set(nlohmann_json_FOUND TRUE)
