# SPDX-License-Identifier: MIT
# Hardening: what the library and the command are built with so that a bug stays a bug and does not become a way in.
#
#   efd_harden(TARGET)   adds the flags below that the compiler knows; g++ 12 and clang 19 know all for their machine
#
#   -fstack-protector-strong       a canary only in functions with arrays or with locals whose address is taken; the
#                                  inline paths have neither
#   -fstack-clash-protection       touches each page of a large frame; efd has no frame of a page
#   -fcf-protection=full           x86: one endbr64, a no-op, at functions whose address may be taken
#   -mbranch-protection=standard   arm64: the same idea
#   -ftrivial-auto-var-init=zero   no stack garbage in a forgotten variable; the compiler drops what is written anyway
#   _FORTIFY_SOURCE=3              bounds for libc calls; needs optimisation, so not in Debug
#   relro, now, noexecstack        no lazy binding: nothing writable to aim at, and no first-call detour in a signal
#                                  handler
# A build with a sanitizer leaves all of it out: the sanitizers watch the same ground and want plain frames.
include(CheckCXXCompilerFlag)

set(efd_hardening_options "")
foreach(flag IN ITEMS -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
                      -mbranch-protection=standard -ftrivial-auto-var-init=zero)
  string(MAKE_C_IDENTIFIER "EFD_HAS${flag}" known)
  check_cxx_compiler_flag("-Werror ${flag}" ${known})
  if(${known})
    list(APPEND efd_hardening_options ${flag})
  endif()
endforeach()

function(efd_harden target)
  if(EFD_SANITIZE)
    return()
  endif()
  target_compile_options(${target} PRIVATE ${efd_hardening_options})
  target_compile_options(${target} PRIVATE "$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>")
  target_link_options(${target} PRIVATE LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
endfunction()
