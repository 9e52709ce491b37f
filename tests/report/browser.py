"""A Chromium without a window, spoken to by the DevTools protocol over pipes.

Messages are JSON with a zero byte behind each; nothing but the standard library is needed.
"""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
WAIT = 30

LAUNCH = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)
"""Chromium reads from descriptor 3 and writes to 4; a small Python puts our pipes there."""


def _pipe():
    """A pipe whose ends stand clear of descriptors 3 and 4."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return high


class Browser:
    """One browser with one page.

    Attributes
    ----------
    complaints : errors of the page: uncaught exceptions, console errors, requests that failed.
    requests : addresses that the page asked for, data: and file: left out.
    """

    def __init__(self):
        self.complaints, self.requests = [], []
        self._folder = tempfile.mkdtemp(prefix="layerwise-browser-")
        ours, theirs = _pipe(), _pipe()  # we write into the first, it into the second
        self._in, self._out = theirs[0], ours[1]
        self._process = subprocess.Popen(
            [
                sys.executable, "-c", LAUNCH, str(ours[0]), str(theirs[1]), PROGRAM,
                "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
                "--disable-background-networking", "--remote-debugging-pipe",
                f"--user-data-dir={self._folder}", "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(ours[0], theirs[1]),
            start_new_session=True,
        )  # fmt: skip
        os.close(ours[0])
        os.close(theirs[1])
        self._number, self._buffer, self._session = 0, b"", None
        self._events = []
        pages = [t for t in self.send("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        found = self.send("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method, **parameters):
        """One command; gives its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _read(self):
        end = time.monotonic() + WAIT
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser does not answer")
            part = os.read(self._in, 1 << 20)
            if not part:
                raise RuntimeError("the browser ended")
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(line)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method, told):
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told["exceptionDetails"])[:400])
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
            self.complaints.append(json.dumps(told["args"])[:400])
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            address = told["request"]["url"]
            if not address.startswith(("data:", "file:", "about:")):
                self.requests.append(address)
        if method == "Page.loadEventFired":
            self._events.append(method)

    def open(self, path, width=1280, height=900, media="screen", scheme="light"):
        """Show a file at a size."""
        self.complaints.clear()
        self.requests.clear()
        self.size(width, height)
        self.look(media, scheme)
        self._events.clear()
        self.send("Page.navigate", url=Path(path).resolve().as_uri())
        while not self._events:
            self._read()

    def size(self, width, height=900):
        """Another size of the window."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def look(self, media="screen", scheme="light"):
        """Light or dark, screen or print."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)

    def run(self, expression):
        """The value of an expression in the page."""
        found = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise RuntimeError(json.dumps(found["exceptionDetails"])[:600])
        return found["result"].get("value")

    def rest(self):
        """Let the page draw a frame or two."""
        self.run("new Promise(f => requestAnimationFrame(() => requestAnimationFrame(f)))")

    def box(self, selector):
        """Left, top, width and height of an element in the window, scrolled into view."""
        return self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const b = e.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()"
        )

    def stroke(self, selector, points):
        """Draw with the mouse through points, given as shares of an element's box."""
        left, top, width, height = self.box(selector)
        for number, (x, y) in enumerate(points):
            kind = "mouseMoved" if number else "mousePressed"
            at = {"x": left + x * width, "y": top + y * height}
            self.send(
                "Input.dispatchMouseEvent", type=kind, button="left", buttons=1,
                clickCount=0 if number else 1, **at,
            )  # fmt: skip
        self.send(
            "Input.dispatchMouseEvent", type="mouseReleased", button="left", clickCount=1, **at
        )
        self.rest()

    def key(self, name):
        """Press and release a key."""
        text = {"text": " "} if name == " " else {}
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=name, **text)

    def picture(self, path, whole=True):
        """Write a screenshot."""
        clip = {}
        if whole:
            size = self.send("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"],
                             "scale": 1}}  # fmt: skip
        found = self.send("Page.captureScreenshot", captureBeyondViewport=whole, **clip)
        Path(path).write_bytes(base64.b64decode(found["data"]))

    def pdf(self):
        """The page as it prints."""
        found = self.send("Page.printToPDF", printBackground=True)
        return base64.b64decode(found["data"])

    def close(self):
        """End the browser and what it started."""
        with contextlib.suppress(Exception):
            self._session = None
            os.write(self._out, json.dumps({"id": 0, "method": "Browser.close"}).encode() + b"\0")
            self._process.wait(5)
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._folder, ignore_errors=True)
