# SPDX-License-Identifier: MIT
# Looks for the libraries that the options need, before anything else is done, and says for each that is missing what to
# install or which option to turn off. The library itself needs none.
#
#   efd_need(OPTION NAME DEBIAN_PACKAGE VARIABLE)   stops unless VARIABLE says that NAME was found
function(efd_need option name debian_package variable)
  if(NOT ${variable})
    message(
      FATAL_ERROR "${option} needs ${name}, which was not found: install it (Debian: ${debian_package}), "
                  "or configure with -D${option}=OFF. `scripts/setup` installs all that is needed on Debian 12.")
  endif()
endfunction()

if(EFD_BUILD_COMMAND)
  find_package(fmt QUIET)
  efd_need(EFD_BUILD_COMMAND fmt libfmt-dev fmt_FOUND)
  find_package(CLI11 QUIET)
  efd_need(EFD_BUILD_COMMAND CLI11 libcli11-dev CLI11_FOUND)
  find_package(nlohmann_json QUIET)
  efd_need(EFD_BUILD_COMMAND nlohmann-json nlohmann-json3-dev nlohmann_json_FOUND)
  # Debian's and Fedora's place, that of its own CMake files (Arch, vcpkg), and Conan's.
  find_path(EFD_MOODYCAMEL_INCLUDE lightweightsemaphore.h
            PATH_SUFFIXES concurrentqueue concurrentqueue/moodycamel moodycamel)
  efd_need(EFD_BUILD_COMMAND moodycamel::ConcurrentQueue libconcurrentqueue-dev EFD_MOODYCAMEL_INCLUDE)
endif()
if(NOT CMAKE_CROSSCOMPILING) # where it is, these are built from sources (cmake/foreign)
  foreach(option IN ITEMS EFD_BUILD_COMMAND EFD_BUILD_TESTS)
    if(${option})
      find_path(EFD_LIBURING_INCLUDE liburing.h)
      efd_need(${option} liburing liburing-dev EFD_LIBURING_INCLUDE)
    endif()
  endforeach()
  if(EFD_BUILD_TESTS)
    find_package(GTest QUIET)
    efd_need(EFD_BUILD_TESTS GoogleTest libgtest-dev GTest_FOUND)
    find_package(rapidcheck QUIET)
    efd_need(EFD_BUILD_TESTS rapidcheck librapidcheck-dev rapidcheck_FOUND)
    foreach(package IN ITEMS fmt CLI11)
      find_package(${package} QUIET)
      string(TOLOWER "lib${package}-dev" debian_package)
      efd_need(EFD_BUILD_TESTS ${package} ${debian_package} ${package}_FOUND)
    endforeach()
  endif()
endif()
