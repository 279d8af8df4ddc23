# SPDX-License-Identifier: MIT
# Sanitizers, for the whole build: EFD_SANITIZE is empty, or what goes behind -fsanitize= ("address,undefined", "thread").
# The presets asan and tsan set it. Every finding ends the program, so that a test cannot pass with one.
set(EFD_SANITIZE "" CACHE STRING "sanitizers to build everything with: address,undefined or thread; empty for none")

if(EFD_SANITIZE)
  add_compile_options(-fsanitize=${EFD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${EFD_SANITIZE})
endif()
