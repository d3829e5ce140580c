"""A headless Chromium that tests can steer: the DevTools protocol over a pipe."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.patience import PATIENCE_S

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


class Browser:
    """One page in one browser. Console errors and uncaught exceptions gather in `complaints`."""

    def __init__(self, command: str, profile: Path) -> None:
        # The browser reads commands on descriptor 3 and answers on 4.
        ends = [*os.pipe(), *os.pipe()]
        to_read, self._write, self._read, to_write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in ends)
        for end in ends:
            os.close(end)
        arguments = [command, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_read} 4>&{to_write} {to_read}<&- {to_write}>&-', "bash", *arguments],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._buffer = b""
        self._number = 0
        self.complaints: list[str] = []
        target = next(
            one for one in self.send("Target.getTargets", session=False)["targetInfos"] if one["type"] == "page"
        )
        self._session = self.send("Target.attachToTarget", session=False, targetId=target["targetId"], flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, *, session: bool = True, **parameters: Any) -> dict[str, Any]:
        """Do something and wait for the answer."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive(30)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _receive(self, timeout: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], timeout)[0]:
                raise TimeoutError("the browser does not answer")
            chunk = os.read(self._read, 1 << 20)
            if not chunk:
                raise RuntimeError("the browser has gone")
            self._buffer += chunk
        line, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        self._listen(message)
        return message

    def _listen(self, message: dict[str, Any]) -> None:
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            self.complaints.append(str([one.get("value") for one in parameters["args"]]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")

    def window(self, width: int, height: int, *, dark: bool = False) -> None:
        """The size of the window, and whether the system asks for dark colours."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send(
            "Emulation.setEmulatedMedia", features=[scheme, {"name": "prefers-reduced-motion", "value": "reduce"}]
        )

    def open(self, url: str) -> None:
        """Go to a page (anew, also if only the fragment differs)."""
        self.send("Page.navigate", url="about:blank")
        self.complaints.clear()
        self.send("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", answer))
        return answer["result"].get("value")

    def until(self, expression: str, timeout: float = PATIENCE_S) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + timeout
        while not self.run(f"Boolean({expression})"):
            if time.monotonic() > end:
                raise TimeoutError(
                    f"never true: {expression}\n{self.complaints}\n{self.run('document.body.innerText')[:3000]}"
                )
            time.sleep(0.05)

    def press(self, key: str) -> None:
        """Press a key, as in `KeyboardEvent.key`."""
        for type_ in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=type_,
                key=key,
                code=key,
                text="\r" if key == "Enter" and type_ == "keyDown" else "",
            )

    def hover(self, selector: str, across: float = 0.5) -> None:
        """Move the pointer over an element, `across` of its width from the left."""
        place = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        left, top, width, height = self.run(f"(({{left, top, width, height}}) => [left, top, width, height])({place})")
        x, y = left + width * across, top + height / 2
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """A screenshot as PNG, of the window or of the whole page."""
        if whole:
            width, height = self.run("[innerWidth, document.documentElement.scrollHeight]")
            self.send(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=min(height, 8000),
                deviceScaleFactor=1,
                mobile=False,
            )
            time.sleep(0.6)
        data = self.send("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.send("Browser.close", session=False)
        except (RuntimeError, TimeoutError, OSError):
            self._process.kill()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)
