# SPDX-License-Identifier: MIT
# The library `uring` for another architecture: the build machine's headers, which are the same everywhere, and
# functions that say there is no ring (tests/support/no_ring.c). Neither qemu-user nor a 32-bit process on a 64-bit
# kernel is a place to learn about io_uring.
file(COPY /usr/include/liburing.h /usr/include/liburing DESTINATION ${PROJECT_BINARY_DIR}/foreign_headers/liburing)
add_library(uring STATIC ${PROJECT_SOURCE_DIR}/tests/support/no_ring.c)
target_include_directories(uring SYSTEM PUBLIC ${PROJECT_BINARY_DIR}/foreign_headers/liburing)
