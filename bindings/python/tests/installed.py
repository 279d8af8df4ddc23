# SPDX-License-Identifier: MIT
"""bindings/python/tests/installed.py: what `cmake --install BUILD --component python` puts down is the package, whole and
alone, and it can be imported.

    installed.py CMAKE BUILD DIRECTORY_OF_LIBEFD
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

WANTED = {"__init__.py", "__init__.pyi", "_efd.abi3.so", "_efd.pyi", "aio.py", "aio.pyi", "py.typed"}
PROGRAM = "import efd, efd.aio; e = efd.eventfd(2); e.signal(); print(efd.__file__, e.read())"


def main(cmake, build, libraries):
    with tempfile.TemporaryDirectory() as prefix:
        subprocess.run([cmake, "--install", build, "--component", "python", "--prefix", prefix], check=True,
                       stdout=subprocess.DEVNULL)
        found = [path for path in Path(prefix).rglob("*") if path.is_file()]
        assert {path.name for path in found} == WANTED, found
        package = found[0].parent
        environment = {**os.environ, "PYTHONPATH": str(package.parent), "LD_LIBRARY_PATH": libraries}
        said = subprocess.run([sys.executable, "-B", "-c", PROGRAM], env=environment, check=True, capture_output=True, text=True)
        assert said.stdout.split() == [str(package / "__init__.py"), "3"], said
    print(f"{len(WANTED)} files in {package.relative_to(prefix)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
