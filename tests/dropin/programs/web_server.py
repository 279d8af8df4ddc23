# SPDX-License-Identifier: MIT
"""tests/dropin/programs/web_server.py: nginx with a pool of threads for its files, and clients that fetch them.
"""

import concurrent.futures
import hashlib
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

import processes

FILE_BYTES = 2 << 20
CLIENTS = 4
BOUND_SECONDS = 120
CONFIGURATION = """
daemon off;
worker_processes 1;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {place}/t1; proxy_temp_path {place}/t2; fastcgi_temp_path {place}/t3;
    uwsgi_temp_path {place}/t4; scgi_temp_path {place}/t5;
    keepalive_timeout 0;
    sendfile off;
    aio threads;
    output_buffers 2 64k;
    server {{ listen 127.0.0.1:{port}; root {place}/files; }}
}}
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def prepare(place, port):
    """The configuration's path, and what its one file must read as."""
    files = pathlib.Path(place, "files")
    files.mkdir()
    content = bytes(range(256)) * (FILE_BYTES // 256)
    (files / "large").write_bytes(content)
    path = pathlib.Path(place, "nginx.conf")
    who = "user root;" if os.geteuid() == 0 else ""
    path.write_text(who + CONFIGURATION.format(place=place, port=port), encoding="utf-8")
    return path, hashlib.sha256(content).hexdigest()


def youngest(pid):
    """The worker: the child of the child."""
    while True:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
        if not children:
            return pid
        pid = int(children[0])


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def until(true):
    end = time.monotonic() + BOUND_SECONDS
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)  # pace: a server says nothing when it is ready
    return True


def answers(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def fetch(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/large", timeout=BOUND_SECONDS) as answer:
        return hashlib.sha256(answer.read()).hexdigest()


def load(runner, port, number, wanted):
    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        same = sum(one == wanted for one in clients.map(lambda _: fetch(port), range(number)))
    runner.seconds += time.monotonic() - begun
    return same


def serve(runner, number):
    """The load, timed alone; then how many answers were right, and whether descriptors are left over."""
    port = free_port()
    path, wanted = prepare(runner.place, port)
    words = ["nginx", "-p", runner.place, "-c", str(path), "-e", f"{runner.place}/error.log"]
    process = runner.start(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not until(lambda: answers(port) and youngest(process.pid) != process.pid):
            return "it does not answer"
        worker = youngest(process.pid)
        fetch(port)
        before = descriptors(worker)
        same = load(runner, port, number, wanted)
        left_over = not until(lambda: descriptors(worker) <= before)
        process.send_signal(signal.SIGTERM)
        process.wait(BOUND_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as why:
        return f"it hangs: {why}"
    finally:
        processes.stop(process)
    return f"status {process.returncode}\n{same} of {number} answers, descriptors left over: {left_over}"
