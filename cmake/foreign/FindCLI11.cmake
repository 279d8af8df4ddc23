# SPDX-License-Identifier: MIT
# CLI11 for another architecture or libc.
include(${CMAKE_CURRENT_LIST_DIR}/headers.cmake)
efd_foreign_headers(CLI11::CLI11 CLI)
set(CLI11_FOUND TRUE)
