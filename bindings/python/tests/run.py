# SPDX-License-Identifier: MIT
"""bindings/python/tests/run.py: runs a tool that is a module of Python; without it the test is skipped (exit status 77),
unless CI is set: then it fails.

    run.py MODULE ARGUMENT...
"""

import importlib.util
import os
import subprocess
import sys


def main(module, arguments):
    if importlib.util.find_spec(module) is None:
        wanted = os.environ.get("CI") == "true"
        what = "this run must have it" if wanted else "skipped"
        print(f"{sys.executable} has no {module}: {what}; see `scripts/setup python`")
        return 1 if wanted else 77
    return subprocess.run([sys.executable, "-B", "-m", module, *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
