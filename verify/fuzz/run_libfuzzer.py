# SPDX-License-Identifier: MIT
"""verify/fuzz/run_libfuzzer.py: builds a libFuzzer target with clang and runs it from its corpus, for a bounded time.

    run_libfuzzer.py --build DIRECTORY [--target NAME] [--seconds N] [--seed N] [--keep] [--compiler clang++-19]

The target has AddressSanitizer and UndefinedBehaviorSanitizer in it: fuzz_libfuzzer, the kernel as oracle, which has the
corpus beside this file; fuzz_attach_libfuzzer, headers of arenas; or fuzz_observed, the memory of observed processes.
The last two need none. New inputs go to
BUILD/found_TARGET; with --keep the corpus is made anew of both, minimised by libFuzzer's -merge=1. An input that shows a
difference is left in BUILD/findings. Exit status 77 (a skipped test) if there is no such compiler.
"""

import argparse
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
SKIPPED = 77
# Of each target its longest input, and what it explores, for the line that `make proof` collects.
TARGETS = {
    "fuzz_libfuzzer": (
        160, "differential fuzz, libFuzzer", "{} programs, {} compared steps under ASan and UBSan, {} differences",
    ),
    "fuzz_attach_libfuzzer": (72, "attach fuzz, libFuzzer", "{} headers, {} attached to under ASan and UBSan, {} broken"),
    "fuzz_observed": (240, "observed fuzz, libFuzzer", "{} memories, {} read under ASan and UBSan, {} broken"),
}


def build(given):
    """Configures a tree for the fuzzer alone, and builds the target; its path."""
    c_compiler = given.compiler.replace("clang++", "clang")
    configure = ["cmake", "-G", "Ninja", "-S", str(HERE.parents[1]), "-B", str(given.build)]
    configure += [f"-DCMAKE_C_COMPILER={c_compiler}", f"-DCMAKE_CXX_COMPILER={given.compiler}"]
    configure += ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DEFD_SANITIZE=address,undefined", "-DEFD_FUZZ_COVERAGE=ON"]
    configure += ["-DEFD_BUILD_COMMAND=OFF", "-DEFD_BUILD_EXAMPLES=OFF", "-DEFD_WERROR=ON"]
    for command in (configure, ["cmake", "--build", str(given.build), "-j", "2", "--target", given.target]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return given.build / "verify" / "fuzz" / given.target


def fuzz(target, given, found, findings):
    """Runs the fuzzer; whether it found nothing, and what it says at the end."""
    longest = TARGETS[given.target][0]
    command = [str(target), f"-max_total_time={given.seconds}", f"-seed={given.seed}", f"-max_len={longest}"]
    command += ["-timeout=30", "-print_final_stats=1", "-reload=0", "-verbosity=0", f"-artifact_prefix={findings}/"]
    command += [str(found)]
    if given.target == "fuzz_libfuzzer":
        command += [str(CORPUS)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return done.returncode == 0, done.stderr


def merge(target, longest, found):
    """The corpus, made anew: the smallest inputs that reach every edge that the old one and the found ones reach."""
    anew = found.parent / "merged"
    shutil.rmtree(anew, ignore_errors=True)
    anew.mkdir()
    subprocess.run(
        [str(target), "-merge=1", "-use_counters=0", f"-max_len={longest}", str(anew), str(CORPUS), str(found)],
        capture_output=True,
        check=True,
    )
    for old in CORPUS.iterdir():
        old.unlink()
    for one in anew.iterdir():
        shutil.copy(one, CORPUS / one.name[:16])


def counted(text):
    """Programs and steps, from the line that the target prints when it ends."""
    line = re.search(r"fuzz: (\d+) programs, (\d+) steps", text)
    return (int(line[1]), int(line[2])) if line else (0, 0)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--target", choices=TARGETS, default="fuzz_libfuzzer")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--compiler", default="clang++-19")
    return parser.parse_args()


def main():
    given = arguments()
    if shutil.which(given.compiler) is None:
        print(f"skipped: no {given.compiler}")
        return SKIPPED
    target = build(given)
    longest, name, explored = TARGETS[given.target]
    if given.target != "fuzz_libfuzzer" and given.keep:
        sys.exit(f"{given.target} has no corpus to keep")
    found, findings = given.build / f"found_{given.target}", given.build / "findings"
    for place in (found, findings):
        place.mkdir(exist_ok=True)
    print(f"seed {given.seed}", flush=True)
    good, said = fuzz(target, given, found, findings)
    programs, steps = counted(said)
    if good and programs == 0:
        good, said = False, "the target says nothing of what it ran\n" + said
    if not good:
        print(said)
    elif given.keep:
        merge(target, longest, found)
        print(f"corpus: {len(list(CORPUS.iterdir()))} inputs")
    failures = 0 if good else 1
    print(f"PROOF | {name} | {explored.format(programs, steps, failures)} | - | {failures}")
    return failures


if __name__ == "__main__":
    sys.exit(main())
