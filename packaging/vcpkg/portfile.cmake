# SPDX-License-Identifier: MIT
# The port of efd for vcpkg, as an overlay beside the sources: vcpkg install efd --overlay-ports=packaging/vcpkg takes the
# tree that this file lies in.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
vcpkg_check_features(OUT_FEATURE_OPTIONS efd_features FEATURES command EFD_BUILD_COMMAND)

vcpkg_find_acquire_program(PKGCONFIG) # finds ncurses for efd top

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS -DEFD_BUILD_TESTS=OFF -DEFD_BUILD_EXAMPLES=OFF -DEFD_INSTALL=ON
          -DEFD_BUILD_PYTHON=OFF -DEFD_BOOST_INTERPROCESS_INCLUDE= "-DPKG_CONFIG_EXECUTABLE=${PKGCONFIG}"
  # The command finds libraries and drop-in relative to its own place, which it must know: it is not moved later.
  OPTIONS_RELEASE ${efd_features} -DCMAKE_INSTALL_BINDIR=tools/efd
  OPTIONS_DEBUG -DEFD_BUILD_COMMAND=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/efd)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
# Both libraries stay: efd::static and efd::shared are targets of one package.
set(VCPKG_POLICY_DLLS_IN_STATIC_LIBRARY enabled)
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
