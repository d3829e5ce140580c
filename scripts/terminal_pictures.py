"""Pictures of a terminal, made by a browser from what a program really printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

COLUMNS: Final = 110
MOST_BYTES: Final = 150_000
_FEWER: Final = (128, 64, 32)
_PATIENCE_S: Final = 300.0
"""For what is awaited at most, also on a machine that has other things to do."""
DARK: Final = TerminalTheme(
    (22, 27, 34),
    (220, 226, 233),
    [(40, 46, 54), (240, 110, 100), (120, 200, 120), (235, 175, 80), (110, 165, 245), (200, 140, 230),
     (100, 200, 210), (200, 206, 213)],
)  # fmt: skip


def chromium() -> str:
    """The browser's path."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        sys.exit("screenshots need chromium: scripts/apt-install chromium")
    return found


def shoot(page: Path, image: Path, width: int, height: int, dark: bool = False) -> None:
    """Screenshot a local page."""
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 f"--user-data-dir={profile}", f"--window-size={width},{height}"]  # fmt: skip
        if dark:
            flags.append("--blink-settings=preferredColorScheme=0")
        command = [chromium(), *flags, f"--screenshot={image}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def picture(command: str, shown: list[str], image: Path, columns: int = COLUMNS) -> None:
    """Picture a command ("": none, or among the lines) and the lines it printed, escape sequences and all."""
    console = Console(record=True, width=columns, file=open(os.devnull, "w"), force_terminal=True)  # noqa: PTH123, SIM115
    if command:
        console.print(Text(f"$ {command}", style="bold"))
    console.print(Text.from_ansi("\n".join(shown)))
    svg = console.export_svg(title="twin2multicloud", theme=DARK)
    # The exported picture would fetch a font; the system's own monospace does.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")
    match = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert match is not None
    width, height = (int(float(number)) + 1 for number in match.groups())
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(f'<body style="margin:0;background:#fff">{svg}</body>')
        shoot(page, image, width, height)
    press(image, colours=64)


def press(image: Path, colours: int = 256) -> None:
    """Fewer colours, which nobody sees of such surfaces, for a third of the size; fewer still where that is too
    much.
    """
    if shutil.which("pngquant") is None:
        sys.exit("screenshots need pngquant: scripts/apt-install pngquant")
    # Without dithering, which surfaces of one colour do not need, and which makes pictures several times larger.
    command = ["pngquant", "--force", "--ext", ".png", "--speed", "1", "--strip", "--nofs"]
    for number in (colours, *(fewer for fewer in _FEWER if fewer < colours)):
        subprocess.run([*command, str(number), "--", str(image)], check=True)
        if image.stat().st_size <= MOST_BYTES:
            return
    sys.exit(f"{image.name} has {image.stat().st_size:,} bytes; more than {MOST_BYTES:,} are not kept")


class Terminal:
    """A real terminal (tmux), in which programs find a width, colours and somebody who types."""

    def __init__(self, columns: int = COLUMNS, lines: int = 60, folder: Path | None = None) -> None:
        found = shutil.which("tmux") or sys.exit("screenshots need tmux: scripts/apt-install tmux")
        # A server of its own, so that nobody else's terminals are met.
        self._socket = tempfile.TemporaryDirectory()
        self._tmux = [str(found), "-S", f"{self._socket.name}/tmux", "-f", os.devnull]
        self._size = ["-x", str(columns), "-y", str(lines), *(["-c", str(folder)] if folder else [])]

    def __enter__(self) -> Self:
        program = Path(sys.executable).parent
        environment = {
            **os.environ,
            "PATH": f"{program}{os.pathsep}{os.environ['PATH']}",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        start = [*self._tmux, "new-session", "-d", "-s", "it", *self._size, "env PS1='$ ' bash --norc --noprofile"]
        subprocess.run(start, check=True, env=environment)
        self.until(r"\$\s*$")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False)
        self._socket.cleanup()

    def type(self, text: str) -> None:
        """Type a line and press return."""
        subprocess.run([*self._tmux, "send-keys", "-t", "it", "-l", text], check=True)
        subprocess.run([*self._tmux, "send-keys", "-t", "it", "Enter"], check=True)

    def run(self, command: str, timeout: float = _PATIENCE_S) -> None:
        """Run a command to its end."""
        self.type(command)
        time.sleep(0.3)  # until then the prompt at the end may be the old one
        self.prompt(timeout)

    def prompt(self, timeout: float = _PATIENCE_S) -> None:
        """Wait until the command under way has ended."""
        self.until(r"\n?\$\s*$", timeout)

    def clear(self) -> None:
        """Forget what was shown."""
        self.run("tput reset")
        subprocess.run([*self._tmux, "clear-history", "-t", "it"], check=True)

    def until(self, pattern: str, timeout: float = _PATIENCE_S) -> None:
        """Wait until something is on the screen (a regular expression)."""
        deadline = time.monotonic() + timeout
        while not re.search(pattern, self.plain()):
            if time.monotonic() > deadline:
                sys.exit(f"never seen: {pattern}\n{self.plain()}")
            time.sleep(0.1)

    def plain(self) -> str:
        """What is on the screen and what has left it, as text."""
        return self._capture("-J")

    def coloured(self) -> list[str]:
        """The same with escape sequences, without blank lines at the end and without the prompt that waits there."""
        lines = self._capture("-e", "-J").rstrip().splitlines()
        return lines[:-1] if _plain(lines[-1]).strip() == "$" else lines

    def _capture(self, *flags: str) -> str:
        capture = [*self._tmux, "capture-pane", "-p", "-t", "it", "-S", "-2000", *flags]
        return subprocess.run(capture, check=True, capture_output=True, text=True).stdout


def _plain(line: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", line)
