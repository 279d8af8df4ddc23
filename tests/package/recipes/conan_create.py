# SPDX-License-Identifier: MIT
"""A stand-in for `conan create` where there is no Conan: runs the methods of a recipe in Conan's order, with a module `conan`
that does what Conan 2 documents of the names that the recipe uses. It is not Conan: nothing is resolved or downloaded
(libraries that the recipe requires are those of the system), and the profile is the one written below.

    conan_create.py CONANFILE WORK [OPTION=True ...]

WORK/package is the package; what package_info() says of it must be there.
"""
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import types

SETTINGS = {"os": "Linux", "arch": "x86_64", "compiler": "gcc", "compiler.cppstd": "20", "build_type": "Release"}


class ConanInvalidConfiguration(Exception):
    pass


class Said:
    """Settings or options as attributes, or what a recipe says of its package."""

    def __init__(self, **said):
        self.__dict__.update(said)

    def set_property(self, name, value):
        setattr(self, name, value)


class ConanFile:
    def __init__(self, recipe_folder, work, options):
        self.recipe_folder = str(recipe_folder)
        self.export_sources_folder = self.source_folder = str(work / "source")
        self.package_folder = str(work / "package")
        self.build_folder = self.generators_folder = None
        self.settings = Said(**{name: SETTINGS[name] for name in self.settings})
        chosen = dict(self.default_options)
        for name, value in options.items():
            if value not in self.options[name]:
                raise ConanInvalidConfiguration("%s=%s is no option" % (name, value))
            chosen[name] = value
        self.options = Said(**chosen)
        self.cpp_info = Said(libs=[], builddirs=[], libdirs=["lib"], includedirs=["include"])
        self.required = []

    def requires(self, reference, options=None):
        if not re.fullmatch(r"[a-z0-9_+.-]{2,}/(\[[^\]]+\]|[\w.+-]+)", reference):
            raise ConanInvalidConfiguration("%s is no reference to a package" % reference)
        self.required.append((reference, options))


def check_min_cppstd(_, least):
    if int(SETTINGS["compiler.cppstd"]) < int(least):
        raise ConanInvalidConfiguration("the profile has C++%s" % SETTINGS["compiler.cppstd"])


def cmake_layout(recipe):
    recipe.build_folder = os.path.join(os.path.dirname(recipe.source_folder), "build", SETTINGS["build_type"])
    recipe.generators_folder = os.path.join(recipe.build_folder, "generators")
    os.makedirs(recipe.generators_folder)


def copy(_, pattern, src, dst):
    """Files below src whose path matches; a star matches slashes, too."""
    src, copied = pathlib.Path(src), []
    shape = re.compile(re.escape(pattern).replace(r"\*", ".*"))
    for directory, below, names in os.walk(src):
        below[:] = [name for name in below if name not in (".git", "build")]
        for name in names:
            path = pathlib.Path(directory, name).relative_to(src)
            if shape.fullmatch(str(path)):
                target = pathlib.Path(dst) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(src / path, target)
                copied.append(str(target))
    if not copied:
        raise FileNotFoundError("%s of %s is no file" % (pattern, src))
    return copied


class CMakeToolchain:
    def __init__(self, recipe):
        self.recipe, self.variables = recipe, {}

    def generate(self):
        shared = {"BUILD_SHARED_LIBS": self.recipe.options.shared, "CMAKE_INSTALL_BINDIR": "bin", "CMAKE_INSTALL_LIBDIR": "lib"}
        with open(os.path.join(self.recipe.generators_folder, "conan_toolchain.cmake"), "w", encoding="utf-8") as toolchain:
            for name, value in {**shared, **self.variables}.items():
                kind, value = ("BOOL", "ON" if value else "OFF") if isinstance(value, bool) else ("STRING", value)
                toolchain.write('set(%s "%s" CACHE %s "conan_create.py")\n' % (name, value, kind))


class CMake:
    def __init__(self, recipe):
        self.recipe = recipe

    def run(self, *words):
        subprocess.run(["cmake", *words], check=True)

    def configure(self):
        self.run("-S", self.recipe.source_folder, "-B", self.recipe.build_folder,
                 "-DCMAKE_TOOLCHAIN_FILE=%s/conan_toolchain.cmake" % self.recipe.generators_folder,
                 "-DCMAKE_INSTALL_PREFIX=" + self.recipe.package_folder, "-DCMAKE_BUILD_TYPE=" + SETTINGS["build_type"])

    def build(self, target=None):
        self.run("--build", self.recipe.build_folder, "--parallel", "2", *(["--target", target] if target else []))

    def install(self):
        self.run("--install", self.recipe.build_folder)


def module(name, **names):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__dict__.update(names)


def main(conanfile, work, *options):
    module("conan", ConanFile=ConanFile)
    module("conan.errors", ConanInvalidConfiguration=ConanInvalidConfiguration)
    module("conan.tools")
    module("conan.tools.build", check_min_cppstd=check_min_cppstd)
    module("conan.tools.cmake", CMake=CMake, CMakeToolchain=CMakeToolchain, cmake_layout=cmake_layout)
    module("conan.tools.files", copy=copy)
    conanfile, work = pathlib.Path(conanfile).resolve(), pathlib.Path(work).resolve()
    shutil.rmtree(work, ignore_errors=True)
    spec = importlib.util.spec_from_file_location("recipe", conanfile)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    made = next(one for one in vars(loaded).values() if isinstance(one, type) and ConanFile in one.__bases__)
    recipe = made(conanfile.parent, work, {name: value == "True" for name, _, value in (one.partition("=") for one in options)})
    for step in ("export_sources", "layout", "validate", "requirements", "generate", "build", "package", "package_info"):
        getattr(recipe, step)()
    package, said = work / "package", recipe.cpp_info
    for path in [package / one for one in (*said.libdirs, *said.includedirs, *said.builddirs, "licenses/LICENSE")]:
        if not path.exists():
            raise FileNotFoundError("the package has no %s" % path)
    for library in said.libs:
        if not (package / "lib" / ("lib%s.a" % library)).exists():
            raise FileNotFoundError("the package has no library " + library)
    print("requires:", *(reference for reference, _ in recipe.required))


if __name__ == "__main__":
    main(*sys.argv[1:])
