#!/usr/bin/env python3
"""Make docs/images from real output: the terminal through a browser, and the HTML report.

Needs chromium, pngquant and tmux. Run: make screenshots. `--deploying` makes those of deploying only, `--backend` those
of a twin that the backend keeps, `--front-end` those of the front end,
`--commands` those of single commands, `--costs` those of changes and prices.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from backend_pictures import backend
from cost_pictures import costs
from deploying_pictures import deploying
from front_end_installation import overload
from front_end_pictures import front_end
from login_pictures import login
from terminal_pictures import COLUMNS, chromium, picture, press, shoot

from twin2multicloud.sandbox.layout import Layout

IMAGES = Path(__file__).parents[1] / "docs" / "images"
TERMINALS = {
    "optimize.png": (["optimize", "smart-building"], 40),
    "explain.png": (["optimize", "smart-home", "--explain"], 62),
    "uncertainty.png": (
        ["uncertainty", "smart-building", "--vary", "devices=20%", "--vary", "message_interval_s=3..60"],
        62,
    ),
    "breakeven.png": (["breakeven", "smart-building", "--along", "devices", "--from", "1000", "--to", "20000"], 62),
    "frontier.png": (
        ["frontier", "industrial-facility", "--against", "carbon", "--residency", "EU", "--at-most", "1000"],
        62,
    ),
    "paper.png": (["paper"], 62),
}
"""Picture: command, and how many lines of its output are shown."""


def terminal(arguments: list[str], lines: int, image: Path) -> None:
    """Run the command as in a colour terminal and picture what it printed."""
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "twin2multicloud", *arguments]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    shown = printed.splitlines()[:lines]
    if len(shown) < len(printed.splitlines()):
        shown.append("…")
    picture("twin2multicloud " + " ".join(arguments), shown, image)


def commands() -> None:
    """Those of `TERMINALS`."""
    for name, (arguments, lines) in TERMINALS.items():
        terminal(arguments, lines, IMAGES / name)


def pages() -> None:
    """The live dashboard and a cloud's console of a running sandbox, while its devices send and a link is slow."""
    sys.path.insert(0, str(IMAGES.parents[1]))
    from tests.pages.browser import Browser

    program = [sys.executable, "-m", "twin2multicloud"]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as profile:
        here = ["--dir", folder]
        pins = ("L1=aws", "L2=azure", "L3.hot=gcp", "L4=azure", "L5=aws")
        # Thirty times as fast, so that a quarter of an hour of the twin's time passes in half a minute.
        up = [*program, "sandbox", "up", "smart-home", *here, "--speed", "30", "--json"]
        started = subprocess.run([*up, *(f"--pin={pin}" for pin in pins)], check=True, capture_output=True, text=True)
        status = json.loads(started.stdout)
        console = next(cloud["url"] for cloud in status["clouds"] if cloud["cloud"] == "azure")
        devices = subprocess.Popen([*program, "simulate", "smart-home", "--keys", f"{folder}/connection.json",
                                    "--rate", "60", "--duration", "5m", "--fault", "malformed=0.002",
                                    "--fault", "disconnect=0.001"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            time.sleep(45)
            overload(Layout(Path(folder)))
            inject = [*program, "sandbox", "inject", "throttle", "persist", "--rate", "0.2", *here]
            subprocess.run(inject, check=True, capture_output=True)
            time.sleep(5)
            read = "document.querySelectorAll('.panel').length > 5 && !document.querySelector('[data-state=loading]')"
            shots = [
                (status["dashboard_url"], read, "dashboard-light", 1280, 1230),
                (status["dashboard_url"], read, "dashboard-dark", 1280, 1230),
                (
                    f"{console}/",
                    "document.querySelectorAll('.section tbody tr').length > 10",
                    "console-dark",
                    1280,
                    1580,
                ),
            ]
            with Browser(chromium(), Path(profile)) as browser:
                for url, ready, name, width, height in shots:
                    browser.window(width, 4000, dark=name.endswith("dark"))  # high, so that every panel is read
                    browser.open(url)
                    browser.until(ready)
                    browser.window(width, height, dark=name.endswith("dark"))
                    browser.run("new Promise(done => setTimeout(done, 1500))")
                    browser.picture(IMAGES / f"{name}.png")
                    press(IMAGES / f"{name}.png")
        finally:
            devices.terminate()
            devices.wait()
            subprocess.run([*program, "sandbox", "down", *here], check=False, capture_output=True)


def demo() -> None:
    """The demo as a terminal shows it: while telemetry streams and a cloud is away, and at its end."""
    tmux = [shutil.which("tmux") or sys.exit("screenshots need tmux: scripts/apt-install tmux"), "-L", "pictures"]

    def screen(lines: int) -> str:
        shown = subprocess.run([*tmux, "capture-pane", "-p", "-e", "-J", "-t", "demo", "-S", f"-{lines}"],
                               check=True, capture_output=True, text=True).stdout  # fmt: skip
        return shown.rstrip()

    command = f"{sys.executable} -m twin2multicloud demo; sleep 60"
    start = [*tmux, "new-session", "-d", "-s", "demo", "-x", str(COLUMNS), "-y", "58", command]
    subprocess.run(start, check=True, env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
    try:
        for moment, name in (("stopped", "demo-outage.png"), ("every process has ended", "demo.png")):
            deadline = time.monotonic() + 300
            while moment not in (told := screen(100)):
                if time.monotonic() > deadline:
                    sys.exit(f"the demo never said '{moment}'")
                if "press Enter" in told.rpartition("\n")[2]:  # it lets somebody look around
                    subprocess.run([*tmux, "send-keys", "-t", "demo", "Enter"], check=True)
                time.sleep(0.2)
            if moment == "stopped":
                time.sleep(2.0)  # some messages wait by then
                shown = screen(0)
            else:
                shown = screen(100)
                shown = shown[max(shown.find("[3]"), 0) :]
            picture("twin2multicloud demo", shown.splitlines(), IMAGES / name)
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    if "--backend" in sys.argv:
        backend(IMAGES)
        return
    if "--costs" in sys.argv:
        costs(IMAGES)
        return
    if "--commands" in sys.argv:
        commands()
        return
    if "--front-end" in sys.argv:
        front_end(IMAGES)
        return
    deploying(IMAGES)
    if "--deploying" in sys.argv:
        return
    backend(IMAGES)
    login(IMAGES)
    front_end(IMAGES)
    demo()
    pages()
    costs(IMAGES)
    commands()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        command = [sys.executable, "-m", "twin2multicloud", "optimize", "smart-building", "--report", str(report)]
        subprocess.run(command, check=True, capture_output=True)
        for name, dark in (("report-light.png", False), ("report-dark.png", True)):
            shoot(report, IMAGES / name, 1280, 2200, dark=dark)
            press(IMAGES / name)


if __name__ == "__main__":
    main()
