# SPDX-License-Identifier: MIT
"""bindings/python/setup.py: lets CMake build the extension, with libefd inside, and packs it into a wheel that serves every
Python from 3.10 on. The rest of the description is in pyproject.toml."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PARTS = ("COMMAND", "DROPIN", "EXAMPLES", "TESTS")


def version():
    text = (REPOSITORY / "include/efd/version.h").read_text(encoding="utf-8")
    return ".".join(re.findall(r"^#define EFD_VERSION_(?:MAJOR|MINOR|PATCH) ([0-9]+)$", text, re.MULTILINE))


class by_cmake(build_ext):
    def build_extension(self, ext):
        build = Path(self.build_temp).resolve() / "cmake"
        options = [f"-DEFD_BUILD_{part}=OFF" for part in PARTS]
        options += ["-DEFD_BUILD_PYTHON=ON", "-DEFD_PYTHON_STATIC=ON", f"-DPython3_EXECUTABLE={sys.executable}"]
        options += ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_SHARED_LINKER_FLAGS=-s", "-DCMAKE_MODULE_LINKER_FLAGS=-s"]
        subprocess.run(["cmake", "-S", REPOSITORY, "-B", build, *options], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["cmake", "--build", build, "--parallel", "--target", "efd_python_module"], check=True)
        place = Path(self.get_ext_fullpath(ext.name))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(build / "bindings/python/package/efd/_efd.abi3.so", place)


setup(
    version=version(),
    packages=["efd"],
    package_data={"efd": ["py.typed", "*.pyi"]},
    ext_modules=[Extension("efd._efd", [], py_limited_api=True)],
    cmdclass={"build_ext": by_cmake},
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
