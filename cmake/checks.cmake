# SPDX-License-Identifier: MIT
# Checks of invariants (include/efd/detail/base/check.hpp): in builds that are not optimised or have a sanitizer. Not where
# coverage is counted: a branch that no test can reach is none that a test has missed.
#
#   efd_check_invariants(TARGET)   sets EFD_CHECKS for its sources, not for those of its users
set(efd_has_checks $<CONFIG:Debug>)
if(EFD_COVERAGE)
  set(efd_has_checks 0)
elseif(EFD_SANITIZE)
  set(efd_has_checks 1)
endif()

function(efd_check_invariants target)
  target_compile_definitions(${target} PRIVATE $<${efd_has_checks}:EFD_CHECKS=1>)
endfunction()
