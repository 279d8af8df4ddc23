# The warnings that every target of this project builds with, as errors. Not exported to those who use the library.
add_library(efd_warnings INTERFACE)
target_compile_options(
  efd_warnings
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Werror
            $<$<COMPILE_LANGUAGE:CXX>:-Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
            -Woverloaded-virtual -Wnull-dereference -Wimplicit-fallthrough>)
