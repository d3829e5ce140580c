"""Deploying as a terminal shows it: a line for each stack, renewed in place; what is worth keeping goes above it."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from twin2multicloud.app.cli.deploy_progress import Progressing, Row
from twin2multicloud.app.cli.deploy_teller import TerminalTeller
from twin2multicloud.app.cli.terminal import STYLES, bar, draws_blocks, printable
from twin2multicloud.deployer.engine.events import Diagnostic, Event, Log, Phase, Progress, Severity
from twin2multicloud.deployer.engine.outcome import StackOutcome
from twin2multicloud.deployer.plans import StackPlan

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.text import Text

_PER_SECOND: Final = 4
_WIDE: Final = 90  # columns from which there is room for a bar and for regions
_BAR: Final = 12
_OF_MODULE: Final = re.compile(r'^module\.\w+\["([^"]+)"\]\.')  # a function's or a queue's resource: its name suffices
_STYLES: Final = {"done": "green", "failed": "red", "waiting": "dim", "unchanged": "dim", "not begun": "yellow"}


def make_teller(*, brief: bool = False, quiet: bool = False, ask: Callable[[str], str] | None = None) -> TerminalTeller:
    """Whoever tells a person at this terminal; plain lines where standard error is none, or one that only types."""
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM", "") in ("dumb", "unknown"):
        return TerminalTeller(brief=brief, quiet=quiet, ask=ask)
    return LiveTeller(brief=brief, ask=ask)


class LiveTeller(TerminalTeller):
    """Shows progress in place between `with` and its end, but never while a question waits for its answer.

    `ticking` renews the view by itself; without it only what happens does.
    """

    def __init__(
        self,
        *,
        brief: bool = False,
        ask: Callable[[str], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        console: Console | None = None,
        ticking: bool = True,
    ) -> None:
        super().__init__(brief=brief, ask=ask, clock=clock)
        self._given = console
        self._ticking = ticking
        self._progress = Progressing(clock)
        self._live: Live | None = None
        self._within = False
        self._over = False

    def __enter__(self) -> Self:
        self._within = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._within = False
        self._stop()

    def plan(self, plans: Mapping[str, StackPlan], total_usd: float) -> None:
        """The plan takes the place of what was shown while it was made."""
        self._stop()
        super().plan(plans, total_usd)
        self._width = 0  # lines above the view are rare, and do not stand below each other
        self._progress.agreed(plans)

    def agreed(self, question: str, expected: str) -> bool:
        """Nothing is renewed while somebody types."""
        self._stop()
        return super().agreed(question, expected)

    def event(self, stack: str, event: Event) -> None:
        """Into the stack's line; above it only what went wrong. Outside `with` a line for each, as without a view."""
        if not self._within:
            super().event(stack, event)
            return
        self._start()
        self._progress.take(stack, event)
        match event:
            case Progress(phase=Phase.ERRORED) | Diagnostic(severity=Severity.WARNING) | Log(level="warn"):
                super().event(stack, event)
            case _:
                pass
        if self._live is not None and not self._ticking:
            self._live.refresh()

    def outcome(self, outcomes: Mapping[str, StackOutcome]) -> None:
        """The lines as they are at the end stay; below them how it ended."""
        for found in outcomes.values():
            self._progress.ended(found)
        self._over = True
        self._stop()
        super().outcome(outcomes)

    def _start(self) -> None:
        if self._live is not None:
            return
        from rich.console import Console
        from rich.live import Live

        console = self._given or Console(stderr=True, markup=False, emoji=False, highlight=False)
        self._live = Live(
            console=console,
            get_renderable=lambda: self._view(console),
            auto_refresh=self._ticking,
            refresh_per_second=_PER_SECOND,
            # What is said meanwhile appears above; standard output may be a file, and is left alone.
            redirect_stdout=False,
            transient=not self._progress.begun,
        )
        self._live.start()

    def _stop(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _view(self, console: Console) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        wide = console.width >= _WIDE
        blocks = wide and draws_blocks(console.file)
        # A line for each stack must stay one line, or renewing it would leave parts behind.
        table = Table.grid(padding=(0, 1), expand=True)
        for justify in ("left", "left", "right", *(("left",) if blocks else ()), "right"):
            table.add_column(no_wrap=True, justify=justify)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(no_wrap=True, justify="right")
        rows = self._progress.rows()
        for row in rows:
            state = Text(row.state, _STYLES.get(row.state, "bold"))
            gauge = (Text(bar(row.made, row.planned, _BAR), "cyan" if row.state != "failed" else "red"),)
            seconds = self._progress.seconds(row)
            took = "" if seconds is None else f"{seconds:.0f} s"
            counted = f"{row.made}/{row.planned}" if row.planned else f"{row.found or ''}"
            table.add_row(_label(row, wide), state, counted, *(gauge if blocks else ()), took, *self._doing(row))
        return Group(table, Text(self._sum(rows), "dim", no_wrap=True, overflow="ellipsis"))

    def _doing(self, row: Row) -> tuple[Text, Text]:
        """What takes longest now, and for how long; the time has a column of its own, so that it is never cut off."""
        from rich.text import Text

        slowest = self._progress.slowest(row)
        if slowest is None:
            return Text(""), Text("")
        address, seconds = slowest
        what = _OF_MODULE.sub(r"\1 ", address.removeprefix("module.slot."))
        return Text(printable(what), "dim"), Text(f"{seconds:.0f} s" if seconds >= 1 else "", "dim")

    def _sum(self, rows: list[Row]) -> str:
        if not self._progress.begun:
            return "planning: nothing is made yet"
        made, planned = sum(row.made for row in rows), sum(row.planned for row in rows)
        more = "" if self._over else " · Ctrl-C ends it in order"
        return f"{made:,} of {planned:,} resources{more}"


def _label(row: Row, wide: bool) -> Text:
    from rich.text import Text

    if row.site is None:
        return Text(row.stack)
    name = Text(f"{row.name:<11}")
    name.append(f"{row.site.provider.label:<5}", STYLES[row.site.provider])
    if wide:
        name.append(f" {row.site.region}", "dim")
    return name
