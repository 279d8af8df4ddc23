# SPDX-License-Identifier: MIT
# Manual pages and completion. The pages of the commands, efd(3) and efd(7) are mdoc(7) as they are installed,
# docs/man; those of the calls are written at build time from the comments of the public headers, by scripts/manuals,
# which needs Python and nothing else. Completion is printed by the command itself from its table of options, so that it
# offers what the command takes. Where Python is missing, or the command is for another machine, the build goes on
# without these, and says so.

# One line for each command that the build has; tests/cli/manual_test.py compares each page with the command's help.
set(efd_command_manuals efd efd-bench efd-check efd-ls)
if(TARGET efd_dropin)
  list(APPEND efd_command_manuals efd-run)
endif()
list(APPEND efd_command_manuals efd-stat efd-top)

set(efd_manuals_built ${PROJECT_BINARY_DIR}/man3)
find_package(Python3 3.9 QUIET COMPONENTS Interpreter)
if(Python3_Interpreter_FOUND)
  file(GLOB_RECURSE efd_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/efd/*.h
       ${PROJECT_SOURCE_DIR}/include/efd/*.hpp)
  add_custom_command(
    OUTPUT ${PROJECT_BINARY_DIR}/man3.stamp
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${efd_manuals_built}
    COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/scripts/manuals ${PROJECT_SOURCE_DIR}/include
            ${efd_manuals_built}
    COMMAND ${CMAKE_COMMAND} -E touch ${PROJECT_BINARY_DIR}/man3.stamp
    DEPENDS ${PROJECT_SOURCE_DIR}/scripts/manuals ${efd_headers}
    COMMENT "manual pages of the calls"
    VERBATIM)
  add_custom_target(efd_manuals ALL DEPENDS ${PROJECT_BINARY_DIR}/man3.stamp)
else()
  message(STATUS "no Python: built without the manual pages of the calls")
endif()

set(efd_completions ${PROJECT_BINARY_DIR}/completions)
if(TARGET efd_command AND (NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR))
  file(MAKE_DIRECTORY ${efd_completions})
  add_custom_command(
    OUTPUT ${efd_completions}/efd ${efd_completions}/_efd ${efd_completions}/efd.fish
    COMMAND sh -c "\"$1\" completion bash >\"$2\"" sh $<TARGET_FILE:efd_command> ${efd_completions}/efd
    COMMAND sh -c "\"$1\" completion zsh >\"$2\"" sh $<TARGET_FILE:efd_command> ${efd_completions}/_efd
    COMMAND sh -c "\"$1\" completion fish >\"$2\"" sh $<TARGET_FILE:efd_command> ${efd_completions}/efd.fish
    DEPENDS efd_command
    COMMENT "completion of bash, zsh and fish"
    VERBATIM)
  add_custom_target(efd_completion ALL DEPENDS ${efd_completions}/efd)
elseif(TARGET efd_command)
  message(STATUS "the command is for another machine: built without completion")
endif()
