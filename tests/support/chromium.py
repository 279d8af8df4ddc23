# SPDX-License-Identifier: MIT
"""tests/support/chromium.py: a headless Chromium that opens local pages and answers questions about them.

Speaks the DevTools protocol through two pipes, so no port is opened and no library is needed. Every answer is awaited for
a bounded time; the browser ends with its context.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

import processes

BOUND_SECONDS = 240
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find():
    """The program, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Chromium:
    """One page, in a browser with a profile of its own."""

    def __init__(self):
        self._profile = tempfile.TemporaryDirectory(prefix="efd-chromium-", ignore_cleanup_errors=True)
        self._last_id = 0
        self._read_bytes = b""
        self.events = []

    def __enter__(self):
        near_in, self._out = os.pipe()
        self._in, near_out = os.pipe()
        theirs_in, theirs_out = (fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (near_in, near_out))
        # The browser expects its ends as 3 and 4, whatever numbers they have here.
        words = [find(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--hide-scrollbars", "--disable-background-networking", "--remote-debugging-pipe",
                 f"--user-data-dir={self._profile.name}", "about:blank"]  # fmt: skip
        place = 'exec 3<&"$0" 4>&"$1"; shift; exec "$@"'
        self._process = processes.start(["/bin/bash", "-c", place, str(theirs_in), str(theirs_out), *words],
                                        pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        for one in (near_in, near_out, theirs_in, theirs_out):
            os.close(one)
        self._session = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        processes.stop(self._process)
        os.close(self._in)
        os.close(self._out)
        self._profile.cleanup()

    def _message(self, give_up):
        while b"\0" not in self._read_bytes:
            if not select.select([self._in], [], [], max(give_up - time.monotonic(), 0))[0]:
                raise TimeoutError("Chromium does not answer")
            got = os.read(self._in, 1 << 16)
            if not got:
                raise EOFError("Chromium has ended")
            self._read_bytes += got
        one, self._read_bytes = self._read_bytes.split(b"\0", 1)
        return json.loads(one)

    def ask(self, method, **params):
        """The result of a call of the protocol; what happens meanwhile is put into `events`."""
        self._last_id += 1
        asked = {"id": self._last_id, "method": method, "params": params}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._out, json.dumps(asked).encode() + b"\0")
        give_up = time.monotonic() + BOUND_SECONDS
        while True:
            got = self._message(give_up)
            if got.get("id") == self._last_id:
                if "error" in got:
                    raise RuntimeError(f"{method}: {got['error']}")
                return got["result"]
            self.events.append(got)

    def show(self, url, width, scheme):
        """Opens a page in a window so wide, and waits until it is loaded; `events` are those of this page."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events = []
        self.ask("Page.navigate", url=url)
        give_up = time.monotonic() + BOUND_SECONDS
        while not any(one.get("method") == "Page.loadEventFired" for one in self.events):
            self.events.append(self._message(give_up))

    def evaluate(self, script):
        """The value of an expression in the page."""
        got = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            raise RuntimeError(got["exceptionDetails"]["exception"].get("description"))
        return got["result"].get("value")

    def requests(self):
        """What the page has asked for."""
        return [one["params"]["request"]["url"] for one in self.events if one.get("method") == "Network.requestWillBeSent"]

    def complaints(self):
        return [one["params"] for one in self.events if one.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]

    def picture(self, path):
        """The whole page as PNG."""
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
