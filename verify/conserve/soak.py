# SPDX-License-Identifier: MIT
"""verify/conserve/soak.py: conserve for hours: processes on one arena, of which one is killed each second.

    soak.py --hours N | --minutes N [--kills N (a second)] [--round SECONDS] CONSERVE

Rounds with an arena and a seed of their own, since the ledger has a page for each process that ever was. A round's seed is
printed before it begins. Ends with the first fault, whose round can be run again: CONSERVE --seed N --seconds N --kills N.
"""

import argparse
import re
import secrets
import subprocess
import sys
import time


def arguments():
    parser = argparse.ArgumentParser()
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--hours", type=float)
    length.add_argument("--minutes", type=float)
    parser.add_argument("--kills", type=int, default=1)
    parser.add_argument("--round", type=int, default=300)
    parser.add_argument("conserve")
    return parser.parse_args()


def main():
    given = arguments()
    end = time.monotonic() + (given.hours * 3600 if given.hours is not None else given.minutes * 60)
    rounds = calls = killed = 0
    while (left := end - time.monotonic()) > 0:
        seconds = max(1, min(given.round, round(left)))
        command = [given.conserve, "--seconds", str(seconds), "--kills", str(given.kills), "--seed", str(secrets.randbits(63))]
        print("$ " + " ".join(command), flush=True)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout, end="", flush=True)
        said = re.search(r"^(\d+) calls of \d+ processes, (\d+) killed", done.stdout, re.MULTILINE)
        if done.returncode != 0 or said is None:
            print(f"round {rounds + 1} has a fault")
            return 1
        rounds, calls, killed = rounds + 1, calls + int(said[1]), killed + int(said[2])
    print(f"{rounds} rounds, {calls} calls, {killed} processes killed, no fault")
    return 0


if __name__ == "__main__":
    sys.exit(main())
