# SPDX-License-Identifier: MIT
"""The recipe of efd for Conan 2: `conan create packaging/conan` takes the tree that this file lies in.

The package has the library, static and shared; with -o efd/*:command=True the efd command and the drop-in too.
"""
import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy


class Efd(ConanFile):
    name = "efd"
    version = "0.3.0"
    description = "The Linux eventfd in user space"
    license = "MIT"
    topics = ("eventfd", "synchronization", "linux")
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "command": [True, False]}
    default_options = {"shared": False, "command": False}
    package_type = "library"
    generators = "CMakeDeps", "PkgConfigDeps"

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        for part in ("CMakeLists.txt", "LICENSE", "bench/*", "bindings/*", "cmake/*", "conformance/*", "docs/man/*",
                     "include/*", "scripts/manuals", "src/*", "verify/*"):
            copy(self, part, src=root, dst=self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("efd is for Linux")
        check_min_cppstd(self, 20)

    def requirements(self):
        if self.options.command:
            for needed in ("cli11/[^2]", "concurrentqueue/[^1]", "fmt/[>=9]", "liburing/[^2]", "nlohmann_json/[^3]"):
                self.requires(needed)
            self.requires("ncurses/[^6]", options={"with_widec": True})

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.variables["EFD_BUILD_COMMAND"] = bool(self.options.command)
        toolchain.variables["EFD_BUILD_TESTS"] = False
        toolchain.variables["EFD_BUILD_EXAMPLES"] = False
        toolchain.variables["EFD_BUILD_PYTHON"] = False
        toolchain.variables["EFD_INSTALL"] = True
        toolchain.variables["EFD_BOOST_INTERPROCESS_INCLUDE"] = ""
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build(target="efd_installed")

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        # The package's own files for CMake know both libraries, as they do everywhere.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("lib", "cmake", "efd")]
        self.cpp_info.set_property("pkg_config_name", "efd")
        self.cpp_info.libs = ["efd"]
        self.cpp_info.system_libs = ["pthread"]
