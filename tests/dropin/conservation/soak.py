# SPDX-License-Identifier: MIT
"""tests/dropin/conservation/soak.py: the conservation test in all profiles, side by side, for long; and a fault made small.

  soak.py [--hours H | --seconds S] [--profiles strict,default,eager] EFD CONSERVATION
  soak.py --shrink SEED [--times N] --profiles P EFD CONSERVATION

A fault is played again with one thing after the other left out of its round, each N times (20): what remains is needed.
Ends with one line of figures for scripts/proof. Exit status 1 after a fault.
"""
import argparse
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import processes

SLACK_SECONDS = 300


def command(options, profile):
    return [options.efd, "run", "--profile", profile, "--", options.conservation]


def shrink(options, profile, seed):
    """What of the round is needed for its fault, as far as some attempts tell; and the shortest output."""
    def run(without):
        words = ["--seed", str(seed), "--rounds", "1", "--times", str(options.times), "--bound", "10"]
        left_out = ["--without", ",".join(without)] if without else []
        return processes.run(command(options, profile) + words + left_out, SLACK_SECONDS + 20 * options.times)

    said = run([])
    if said.returncode != 1:
        return "seed %d did not show it again in %d attempts" % (seed, options.times)
    without = []
    for feature in re.search(r"--rounds 1; (.*)", said.stdout)[1].split(","):
        again = run(without + [feature])
        if again.returncode == 1:
            without.append(feature)
            said = again
    return "without %s:\n%s" % (",".join(without) or "nothing", said.stdout)


def soak(options):
    end = time.monotonic() + (options.seconds or options.hours * 3600)
    profiles = options.profiles.split(",")
    rounds = calls = faults = 0
    while True:
        for profile in profiles:
            share = min(60.0, max(1.0, (end - time.monotonic()) / len(profiles)))
            said = processes.run(command(options, profile) + ["--seconds", "%.1f" % share], share + SLACK_SECONDS)
            figures = re.search(r"right: (\d+) rounds, (\d+) calls", said.stdout)
            if said.returncode == 0 and figures:
                rounds, calls = rounds + int(figures[1]), calls + int(figures[2])
                continue
            faults += 1
            print("%s: %s%s" % (profile, said.stdout, said.stderr), flush=True)
            if seed := re.search(r"--seed (\d+) --rounds 1", said.stdout):
                print(shrink(options, profile, int(seed[1])), flush=True)
        if time.monotonic() > end - 1:
            break
    print("PROOF | conservation | %d rounds, %d calls in %s | - | %d" % (rounds, calls, options.profiles, faults))
    return faults > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=8)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--profiles", default="strict,default,eager")
    parser.add_argument("--shrink", type=int)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("efd")
    parser.add_argument("conservation")
    options = parser.parse_args()
    if options.shrink is not None:
        print(shrink(options, options.profiles.split(",", maxsplit=1)[0], options.shrink))
        return 0
    return soak(options)


if __name__ == "__main__":
    sys.exit(main())
