"""Writing to a terminal, a pipe or a file: width, colour, and text that cannot command the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

from twin2multicloud.model.slots import Provider

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

PIPE_WIDTH: Final = 120
"""Columns of output that goes to no terminal, unless `COLUMNS` says otherwise."""

STYLES: Final = {Provider.AWS: "color(208)", Provider.AZURE: "color(33)", Provider.GCP: "color(35)"}
"""A cloud's colour: amber, blue, green. Never the only mark; its name always stands beside."""

_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def make_console(*, markup: bool = False) -> Console:
    """A console on standard output: the terminal's width, or `PIPE_WIDTH` where there is none.

    Colour only on a terminal and not under `NO_COLOR`. Without `markup` nothing printed is read as rich's markup.
    """
    from rich.console import Console

    # A terminal's width is rich's to find; COLUMNS wins there, too.
    width = None if sys.stdout.isatty() else _columns() or PIPE_WIDTH
    stream: Any = sys.stdout if sys.stdout.isatty() else _Trimmed()
    return Console(width=width, markup=markup, emoji=False, highlight=False, file=stream)


class _Trimmed:
    """Standard output without blanks at the ends of lines, each line as soon as it is whole."""

    def __init__(self) -> None:
        self._begun = ""

    @property
    def encoding(self) -> str:
        """Standard output's."""
        return sys.stdout.encoding

    def write(self, text: str) -> int:
        """Write the lines that are whole now."""
        *whole, self._begun = (self._begun + text).split("\n")
        sys.stdout.write("".join(f"{line.rstrip()}\n" for line in whole))
        return len(text)

    def flush(self) -> None:
        """Write everything that there is."""
        if self._begun.rstrip():
            sys.stdout.write(self._begun.rstrip())
            self._begun = ""
        sys.stdout.flush()

    def isatty(self) -> bool:
        """It is none."""
        return False


@contextmanager
def output(*, markup: bool = False) -> Iterator[Console]:
    """A console whose output is written at the end, without blanks at the ends of lines unless to a terminal."""
    console = make_console(markup=markup)
    with console.capture() as captured:
        yield console
    text = captured.get()
    if not console.is_terminal:
        text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    sys.stdout.write(text)


def _columns() -> int | None:
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and int(columns) > 0 else None


def printable(text: str) -> str:
    """`text` with every character that could command a terminal spelled out; line breaks stay."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def print_json(value: object) -> None:
    """Write a value as indented JSON, pure ASCII, to standard output."""
    import json

    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def cloud_text(provider: Provider, rest: str = "") -> Text:
    """A cloud's name in its colour, and what follows it in plain."""
    from rich.text import Text

    return Text.assemble((provider.label, STYLES[provider]), f" {rest}" if rest else "")


def bar(value: float, largest: float, width: int) -> str:
    """A horizontal bar of `width` columns at `largest`, in eighths of a column; blank on the right."""
    eighths = round(8 * width * value / largest) if largest > 0 else 0
    eighths = min(max(eighths, 1 if value > 0 else 0), 8 * width)
    full, part = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[part] if part else "")).ljust(width)


def draws_blocks(stream: IO[str]) -> bool:
    """Whether a stream's encoding has the characters that bars are drawn with."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    try:
        ("█" + _EIGHTHS).encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True


class Progress:
    """A counter on standard error, for terminals only and only once a second has passed.

    `clock` gives seconds that only ever grow.
    """

    def __init__(self, what: str, *, clock: Callable[[], float], stream: Any = None) -> None:
        self.what = what
        self.clock = clock
        self.stream = sys.stderr if stream is None else stream
        self.shown = False
        self._next = clock() + 1.0 if self.stream.isatty() else float("inf")

    def at(self, count: int) -> None:
        """Say that `count` are done."""
        now = self.clock()
        if now >= self._next:
            self._next = now + 0.2
            self.shown = True
            self.stream.write(f"\r{count:,} {self.what}")
            self.stream.flush()

    def done(self) -> None:
        """Remove the counter."""
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
