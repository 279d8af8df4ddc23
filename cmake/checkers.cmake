# SPDX-License-Identifier: MIT
# Checkers under verify/: programs that look at the library while it is killed, stopped or lied to. Each is seen to fail on
# copies of the library's sources with one mistake in each. Its sources are compiled once, for itself and for the programs
# with a mistake.
#
#   efd_checker(PROGRAM LABELS TIMEOUT SOURCE...)               PROGRAM, and a test of its name, with efd_PROGRAM_options
#   efd_broken_copy(SOURCE COPY FROM TO)                        src/SOURCE with TO in place of FROM; FROM must be there
#   efd_checker_with(PROGRAM BROKEN SOURCE...)                  BROKEN: PROGRAM with these in place of the library's own
#   efd_checker_fails(PROGRAM BROKEN NAME ARG...)               test PROGRAM.catches_NAME: BROKEN finds its mistake
#   efd_checker_catches(PROGRAM NAME SOURCE FROM TO ARG...)     the three for one mistake; not under sanitizers, which slow
#                                                               the checker down and tell nothing about its eyes

function(efd_checker program labels timeout)
  add_library(${program}_parts OBJECT ${ARGN})
  target_include_directories(${program}_parts PUBLIC ${PROJECT_SOURCE_DIR}/verify ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${program}_parts PUBLIC efd::static PRIVATE efd_warnings)
  efd_checker_with(${program} ${program})
  add_test(NAME ${program} COMMAND ${program} ${efd_${program}_options})
  set_tests_properties(${program} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout})
endfunction()

function(efd_broken_copy source copy from to)
  file(READ ${PROJECT_SOURCE_DIR}/src/${source} text)
  string(FIND "${text}" "${from}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "src/${source} has no '${from}' any more")
  endif()
  string(REPLACE "${from}" "${to}" text "${text}")
  file(CONFIGURE OUTPUT ${copy} CONTENT "${text}" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${source})
endfunction()

# The linker takes the sources in place of the members of the library that define the same names.
function(efd_checker_with program broken)
  set(copies ${ARGN})
  list(TRANSFORM copies PREPEND ${CMAKE_CURRENT_BINARY_DIR}/)
  add_executable(${broken} ${copies})
  target_link_libraries(${broken} PRIVATE ${program}_parts efd_warnings)
endfunction()

function(efd_checker_fails program broken name)
  get_test_property(${program} LABELS labels)
  get_test_property(${program} TIMEOUT timeout)
  add_test(NAME ${program}.catches_${name} COMMAND ${broken} --must-fail ${ARGN})
  set_tests_properties(${program}.catches_${name} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout})
endfunction()

function(efd_checker_catches program name source from to)
  if(EFD_SANITIZE)
    return()
  endif()
  efd_broken_copy(${source} broken_${name}.cpp "${from}" "${to}")
  efd_checker_with(${program} ${program}_broken_${name} broken_${name}.cpp)
  efd_checker_fails(${program} ${program}_broken_${name} ${name} ${ARGN})
endfunction()
