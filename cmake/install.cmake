# SPDX-License-Identifier: MIT
# What `cmake --install` puts down: both libraries, the headers, the efd command where it is built, manual pages and
# completion, efd.pc for pkg-config, suppressions for valgrind, and the package that find_package(efd) finds (efd::static, efd::shared, and
# efd::efd for one of them).
# Everything is found relative to the installed files, so the tree may be moved and --prefix may be given at the end.
include(CMakePackageConfigHelpers)

set(efd_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/efd)
set(efd_pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# What is installed by a root whose umask is 077 is for everybody, too: the directories that are not there yet are made
# first, and with a mode of their own, which CMake's have not.
set(efd_directories ${CMAKE_INSTALL_LIBDIR} ${CMAKE_INSTALL_LIBDIR}/cmake ${efd_package_dir} ${efd_pkgconfig_dir}
                    ${CMAKE_INSTALL_INCLUDEDIR}
                    ${CMAKE_INSTALL_INCLUDEDIR}/efd ${CMAKE_INSTALL_INCLUDEDIR}/efd/adapters
                    ${CMAKE_INSTALL_INCLUDEDIR}/efd/detail ${CMAKE_INSTALL_INCLUDEDIR}/efd/detail/adapters
                    ${CMAKE_INSTALL_INCLUDEDIR}/efd/detail/base ${CMAKE_INSTALL_INCLUDEDIR}/efd/detail/core
                    ${CMAKE_INSTALL_INCLUDEDIR}/efd/detail/watch ${CMAKE_INSTALL_DATADIR}
                    ${CMAKE_INSTALL_DATADIR}/efd ${CMAKE_INSTALL_MANDIR} ${CMAKE_INSTALL_MANDIR}/man3
                    ${CMAKE_INSTALL_MANDIR}/man7)
if(TARGET efd_command)
  list(APPEND efd_directories ${CMAKE_INSTALL_BINDIR} ${CMAKE_INSTALL_DATADIR}/efd/report ${CMAKE_INSTALL_MANDIR}/man1)
endif()
if(TARGET efd_dropin)
  list(APPEND efd_directories ${CMAKE_INSTALL_LIBDIR}/efd)
endif()
if(TARGET efd_completion)
  set(efd_bash_dir ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  set(efd_zsh_dir ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  set(efd_fish_dir ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  foreach(directory IN ITEMS ${efd_bash_dir} ${efd_zsh_dir} ${efd_fish_dir})
    get_filename_component(efd_above ${directory} DIRECTORY)
    list(APPEND efd_directories ${efd_above} ${directory})
  endforeach()
endif()
install(
  CODE "
foreach(directory IN ITEMS \"\" ${efd_directories})
  if(NOT IS_ABSOLUTE \"\${directory}\")
    set(directory \"\${CMAKE_INSTALL_PREFIX}/\${directory}\")
  endif()
  set(directory \"\$ENV{DESTDIR}\${directory}\")
  if(NOT EXISTS \"\${directory}\")
    file(MAKE_DIRECTORY \"\${directory}\")
    file(CHMOD \"\${directory}\" DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
         WORLD_READ WORLD_EXECUTE)
  endif()
endforeach()")

install(TARGETS efd_static efd_shared EXPORT efd_targets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/efd TYPE INCLUDE FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
if(TARGET efd_command)
  file(RELATIVE_PATH efd_bin_to_lib ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(efd_command PROPERTIES INSTALL_RPATH "$ORIGIN/${efd_bin_to_lib}")
  install(TARGETS efd_command RUNTIME)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/bench/report/ DESTINATION ${CMAKE_INSTALL_DATADIR}/efd/report
          FILES_MATCHING PATTERN "*.py" PATTERN "*.css" PATTERN __pycache__ EXCLUDE) # of efd bench --report
endif()
if(TARGET efd_dropin)
  install(TARGETS efd_dropin LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/efd)
endif()

install(EXPORT efd_targets NAMESPACE efd:: FILE efd-targets.cmake DESTINATION ${efd_package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/efd-config.cmake.in ${PROJECT_BINARY_DIR}/efd-config.cmake
                              INSTALL_DESTINATION ${efd_package_dir} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a new minor version may break its users.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/efd-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/efd.supp DESTINATION ${CMAKE_INSTALL_DATADIR}/efd) # for valgrind
install(FILES ${PROJECT_BINARY_DIR}/efd-config.cmake ${PROJECT_BINARY_DIR}/efd-config-version.cmake
        DESTINATION ${efd_package_dir})

# efd.pc tells the prefix relative to its own place, unless the library directory stands outside of every prefix.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(efd_pc_prefix "${CMAKE_INSTALL_PREFIX}")
  set(efd_pc_libdir "${CMAKE_INSTALL_LIBDIR}")
else()
  file(RELATIVE_PATH efd_pc_up "/${efd_pkgconfig_dir}" "/")
  string(REGEX REPLACE "/$" "" efd_pc_up "${efd_pc_up}")
  set(efd_pc_prefix "\${pcfiledir}/${efd_pc_up}")
  set(efd_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(efd_pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
else()
  set(efd_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/efd.pc.in ${PROJECT_BINARY_DIR}/efd.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/efd.pc DESTINATION ${efd_pkgconfig_dir})

install(FILES ${PROJECT_SOURCE_DIR}/docs/man/efd.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
install(FILES ${PROJECT_SOURCE_DIR}/docs/man/efd.7 DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
if(TARGET efd_command)
  foreach(name IN LISTS efd_command_manuals)
    install(FILES ${PROJECT_SOURCE_DIR}/docs/man/${name}.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  endforeach()
endif()
if(TARGET efd_manuals)
  install(DIRECTORY ${efd_manuals_built}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 FILES_MATCHING PATTERN "*.3")
endif()
if(TARGET efd_completion)
  install(FILES ${efd_completions}/efd DESTINATION ${efd_bash_dir})
  install(FILES ${efd_completions}/_efd DESTINATION ${efd_zsh_dir})
  install(FILES ${efd_completions}/efd.fish DESTINATION ${efd_fish_dir})
endif()
