# SPDX-License-Identifier: MIT
# Libraries of headers alone for another architecture or libc: copied from the build machine, as /usr/include itself is of this
# one.
include_guard(GLOBAL)

# efd_foreign_headers(TARGET DIRECTORY): the target has what is below DIRECTORY of /usr/include.
function(efd_foreign_headers target directory)
  if(TARGET ${target})
    return()
  endif()
  set(copies ${PROJECT_BINARY_DIR}/foreign_headers/${directory})
  file(COPY /usr/include/${directory} DESTINATION ${copies})
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} SYSTEM INTERFACE ${copies})
endfunction()
