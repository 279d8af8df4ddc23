# SPDX-License-Identifier: MIT
# The library `uring` for another architecture: the build machine's headers, which are the same everywhere, and
# functions that say there is no ring (tests/support/no_ring.c). Neither qemu-user nor a 32-bit process on a 64-bit
# kernel is a place to learn about io_uring. Another libc on this architecture gets the build machine's archive, which makes
# system calls itself: it calls calloc and free of libc, and no more.
file(COPY /usr/include/liburing.h /usr/include/liburing DESTINATION ${PROJECT_BINARY_DIR}/foreign_headers/liburing)
set(uring_archive /usr/lib/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-gnu/liburing.a)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL CMAKE_HOST_SYSTEM_PROCESSOR AND EXISTS ${uring_archive})
  add_library(uring INTERFACE)
  target_link_libraries(uring INTERFACE ${uring_archive})
  set(uring_users INTERFACE)
else()
  add_library(uring STATIC ${PROJECT_SOURCE_DIR}/tests/support/no_ring.c)
  set(uring_users PUBLIC)
endif()
target_include_directories(uring SYSTEM ${uring_users} ${PROJECT_BINARY_DIR}/foreign_headers/liburing)
