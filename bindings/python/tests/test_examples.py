# SPDX-License-Identifier: MIT
"""The examples in Python do what they say: every message arrives."""

import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "tests" / "support"))
import processes

EXAMPLES = HERE.parents[2] / "examples" / "python"
WRITER = os.environ.get("EFD_RING_TO_PYTHON", "")
BOUND = 120


def example(name, *words):
    return processes.run([sys.executable, "-B", str(EXAMPLES / name), *words], BOUND)


@pytest.mark.skipif(not WRITER, reason="the examples in C++ are not built")
@pytest.mark.parametrize("words", [(), ("--asyncio",)])
def test_a_reader_gets_each_message_of_a_writer_in_cpp(words):
    name = f"efd-test-ring-{os.getpid()}"
    with processes.started([WRITER, name], stdout=-1, stderr=-1) as writer:
        assert writer.stdout.readline() == "the ring is there\n", writer.stderr.read()
        said = example("ring_reader.py", name, *words)
        assert (said.returncode, said.stdout) == (0, "20000 messages read, 40074000 bytes, in order\n"), said.stderr
        assert writer.stdout.readline() == "20000 messages written, all of them read\n", writer.stderr.read()
        assert writer.wait(BOUND) == 0
    assert not os.path.exists(f"/dev/shm/{name}")


@pytest.mark.parametrize("words", [(), ("--spin",)])
def test_every_reader_of_the_shared_ring_gets_every_message(words):
    said = example("shared_ring.py", "--idle", "0", *words)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("2000 messages to 3 readers; ")
