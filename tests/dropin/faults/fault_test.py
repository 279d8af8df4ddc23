# SPDX-License-Identifier: MIT
"""tests/dropin/faults/fault_test.py: one program that judges itself, plain and under `efd run` in each profile.

  fault_test.py EFD PROGRAM [--starts-efd] [--build COMPILER SOURCE] [--limit]

The program ends with 0 where all is right, 1 at a fault, 2 where it cannot be tried; what is on its standard error is
a fault. --starts-efd: it is the starter, and is given the command to start another by. --limit: it shows a limit of
docs/dropin.md, so some profile must be at fault; or, if it needs another thread to come at one moment, may be. Exit
status 77: not tried, or such a moment did not come.
"""
import argparse
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import processes

BOUND_SECONDS = 200
NOT_TRIED = 2
SKIPPED = 77
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("EFD_") and k != "LD_PRELOAD"}


def command(options, profile):
    if profile == "plain":
        return [options.program]
    run = [options.efd, "run", "--profile", profile]
    if options.starts_efd:
        return [options.program, *run, "--report", "--report-file", "/dev/null", "--"]
    return [*run, "--", options.program]


def is_built(options):
    """Whether there is a compiler for it, and what that makes runs here."""
    compiler, source = options.build
    try:
        built = processes.run([*compiler.split(), "-O1", "-o", options.program, source], BOUND_SECONDS)
        return built.returncode == 0 and processes.run([options.program], BOUND_SECONDS, env=CLEAN).returncode == 0
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("efd")
    parser.add_argument("program")
    parser.add_argument("--starts-efd", action="store_true")
    parser.add_argument("--build", nargs=2, metavar=("COMPILER", "SOURCE"))
    parser.add_argument("--limit", action="store_true")
    options = parser.parse_args()
    if options.build and not is_built(options):
        print("not tried: %s makes no program that runs here" % options.build[0])
        return SKIPPED
    faults = not_tried = 0
    for profile in ("plain", "strict", "default", "eager"):
        said = processes.run(command(options, profile), BOUND_SECONDS, env=CLEAN, stdin=subprocess.DEVNULL,
                             cwd=os.path.dirname(options.program))
        print("%s: %s%s" % (profile, said.stdout.strip(), said.stderr and "; on standard error: " + said.stderr),
              flush=True)
        not_tried += said.returncode == NOT_TRIED
        is_fault = said.returncode not in (0, NOT_TRIED) or said.stderr != ""
        if is_fault and options.limit and profile != "plain":
            return 0
        faults += is_fault
    if options.limit and not faults:
        print("no profile shows the limit; if none ever does, take it out of docs/dropin.md")
        return SKIPPED if "_beside_" in os.path.basename(options.program) or not_tried else 1
    return 1 if faults else SKIPPED if not_tried else 0


if __name__ == "__main__":
    sys.exit(main())
