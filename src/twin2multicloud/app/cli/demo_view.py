"""How the demo looks: numbered steps, and a live panel while telemetry streams."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from twin2multicloud.app.cli.sandbox_view import flow_table
from twin2multicloud.app.cli.terminal import STYLES
from twin2multicloud.model.slots import Provider
from twin2multicloud.sandbox.create import SandboxError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from twin2multicloud.sandbox.client import SandboxClient
    from twin2multicloud.sandbox.status import CloudStatus
    from twin2multicloud.simulator.report import Report

_SPARKS: Final = " ▁▂▃▄▅▆▇█"
_NOTES: Final = 5


class Stage:
    """Numbered steps on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._number = 0

    def begin(self, title: str) -> None:
        """A new step."""
        self._number += 1
        self._console.print(f"\n[{self._number}] {title}", style="bold")

    def say(self, text: str) -> None:
        """A line of a step."""
        self._console.print(f"    {text}")

    def good(self, text: str) -> None:
        """Something that holds."""
        self._console.print(f"✓ {text}", style="green")

    def bad(self, text: str) -> None:
        """Something that does not hold."""
        self._console.print(f"✗ {text}", style="red")


class Stream:
    """The live panel: rates, the seven slots, what happened. Without a terminal: a line now and then."""

    def __init__(self, console: Console, client: SandboxClient) -> None:
        self._console = console
        self._client = client
        self._rates: deque[float] = deque(maxlen=40)
        self._notes: deque[tuple[float, str]] = deque(maxlen=_NOTES)
        self._alerts: int | None = None
        self._errors: dict[str, int] = {}
        self._before: tuple[float, int] = (time.monotonic(), 0)
        self._said = 0.0
        self._report: Report | None = None
        self._live: Any = None
        self._states: dict[str, str] = {}

    def __enter__(self) -> Stream:
        if self._console.is_terminal:
            from rich.live import Live

            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def note(self, text: str) -> None:
        """Something that happened."""
        self._notes.append((time.time(), text))
        if self._live is None:
            self._console.print(f"    {text}")

    def progress(self) -> tuple[int, int]:
        """Records stored and messages waiting, all clouds together; waiting is 1 at least while a cloud is away."""
        stored = waiting = 0
        for name in self._client.config.clouds:
            try:
                status = self._client.cloud_status(name)
            except SandboxError:
                waiting += 1
                continue
            stored += sum(kind.records for store in status.stores for kind in store.classes)
            waiting += sum(queue.depth for queue in status.queues)
        return stored, waiting

    def show(self, report: Report | None, passed: float | None) -> None:
        """The panel as it is now."""
        self._report = report or self._report
        whole, clouds = self._client.status()
        self._watch(whole.clouds)
        self._look()
        if self._live is not None:
            self._live.update(self._panel(whole, clouds), refresh=True)
        elif passed is not None and passed - self._said >= 5.0 and self._report is not None:
            self._said = passed
            stored, waiting = self.progress()
            self._console.print(
                f"    {passed:4.0f} s  {self._report.sent:,} sent  {stored:,} stored  {waiting:,} waiting"
            )

    def _watch(self, processes: Sequence[Any]) -> None:
        for process in processes:
            before = self._states.get(process.cloud)
            if before in ("stopped", "starting") and process.state in ("up", "degraded"):
                self.note(f"✓ {Provider(process.cloud).label} is back after {process.restarts} restart(s)")
            self._states[process.cloud] = process.state

    def _look(self) -> None:
        if self._report is not None:
            now, acked = time.monotonic(), self._report.acked
            then, before = self._before
            if now > then:
                self._rates.append((acked - before) / (now - then))
            self._before = (now, acked)
        errors, self._errors = self._client.errors(self._errors)
        for cloud, error in errors[-2:]:
            self.note(f"! {Provider(cloud).label} {error.layer} {error.kind}: {error.message[:60]} ({error.device})")
        try:
            found = self._client.alerts(self._alerts)
        except SandboxError:
            return
        for alert in found:
            self._alerts = alert["seq"]
            mark = "▲" if alert["active"] else "△"
            self.note(f"{mark} {alert['severity']}: {alert['message']} ({alert['device']})")

    def _panel(self, whole: Any, clouds: dict[str, CloudStatus]) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        head = Text()
        for process in whole.clouds:
            style = "green" if process.state == "up" else "red" if process.state == "stopped" else "yellow"
            head.append(f"{Provider(process.cloud).label} ", STYLES[Provider(process.cloud)])
            head.append(f"{process.state}   ", style)
        line = Text()
        if self._report is not None:
            report = self._report
            line.append(
                f"{report.sent:,} sent  {report.acked:,} acknowledged  {report.sent - report.acked:,} on the way  "
            )
            line.append(sparkline(self._rates), "cyan")
            if self._rates:
                line.append(f" {self._rates[-1]:,.0f}/s")
        said = (f"{time.strftime('%H:%M:%S', time.localtime(at))} {text}" for at, text in self._notes)
        notes = Text("\n".join(said), no_wrap=True, overflow="ellipsis")
        return Group(head, line, Text(""), flow_table(whole, clouds), Text(""), notes)


def sparkline(values: Sequence[float]) -> str:
    """Values as a row of little bars."""
    most = max(values, default=0.0)
    if most <= 0:
        return ""
    return "".join(_SPARKS[round(8 * max(value, 0.0) / most)] for value in values)


def tier_line(statuses: Sequence[CloudStatus]) -> str:
    """Where the records are."""
    counts = {"hot": 0, "cool": 0, "archive": 0}
    for status in statuses:
        for store in status.stores:
            for kind in store.classes:
                counts[kind.storage_class] = counts.get(kind.storage_class, 0) + kind.records
    return "   ".join(f"{name} {count:>7,}" for name, count in counts.items())
