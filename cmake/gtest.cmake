# SPDX-License-Identifier: MIT
# GoogleTest, which serves the tests and proofs written in C++: find_package, and efd_gtest(TARGET).
find_package(GTest REQUIRED)
include(GoogleTest)

# Lines for a report, no more: full debug information is a quarter of the time that compiling takes, and optimising a test
# is another; the library that it tests is built as it is installed.
add_compile_options($<$<CONFIG:RelWithDebInfo>:-g1>)
set(efd_test_options $<$<CONFIG:RelWithDebInfo>:-O1>)

# GoogleTest's header and what every test needs of the standard library, compiled once: reading them is half of the time
# that a test takes to compile. efd_gtest(TARGET) is for tests of one source that link to efd_warnings; they may include
# what tests/ and verify/ share.
add_library(test_headers OBJECT tests/support/headers.cpp)
target_compile_options(test_headers PRIVATE ${efd_test_options})
target_link_libraries(test_headers PRIVATE efd_warnings GTest::gtest Threads::Threads)
target_precompile_headers(test_headers PRIVATE <gtest/gtest.h> <algorithm> <atomic> <chrono> <functional> <thread>)
function(efd_gtest target)
  target_compile_options(${target} PRIVATE ${efd_test_options})
  target_link_libraries(${target} PRIVATE efd_warnings GTest::gtest_main Threads::Threads)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/verify ${PROJECT_SOURCE_DIR}/tests)
  target_precompile_headers(${target} REUSE_FROM test_headers)
endfunction()
