"""What `simulate` shows: one line while it runs, a table at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from twin2multicloud.app.cli.terminal import output, printable

if TYPE_CHECKING:
    from twin2multicloud.simulator.link import Target
    from twin2multicloud.simulator.report import Report


class Line:
    """A line on a terminal that says how far a run is; nothing where there is no terminal."""

    def __init__(self, stream: Any) -> None:
        self.wanted = bool(stream.isatty())
        self._live: Live | None = None
        if self.wanted:
            console = Console(file=stream, highlight=False, emoji=False)
            self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Line:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, report: Report) -> None:
        """Show the report as it is now."""
        if self._live is not None:
            self._live.update(progress_line(report), refresh=True)


def progress_line(report: Report) -> Text:
    """How far a run is, in one line that is cut where the terminal ends."""
    waiting = report.sent - report.acked
    parts = [f"{report.sent:,} sent", f"{report.acked:,} acked"]
    if report.duration_s > 0:
        parts.append(f"{report.rate:,.0f}/s")
        p99_s = report.latencies.quantile_s(0.99)
        if p99_s is not None:
            parts.append(f"p99 {_ms(p99_s)}")
    else:
        parts = [f"connecting {report.devices:,} devices", f"{report.connects:,} connected"]
    if waiting:
        parts.append(f"{waiting:,} waiting")
    if report.reconnects:
        parts.append(f"{report.reconnects:,} reconnects")
    if report.commands:
        parts.append(f"{report.commands:,} commands")
    text = Text(" · ".join(parts), no_wrap=True, overflow="ellipsis", end="")
    if report.refused:
        text.append(f" · {report.refused:,} refused", "red")
    return text


def print_report(report: Report, twin: str, target: Target) -> None:
    """Print what a run did."""
    with output() as console:
        verdict = (
            ("✓ everything acknowledged", "green") if report.complete else ("✗ not everything acknowledged", "red")
        )
        where = f"{target.scheme}://{target.host}:{target.port}"
        console.print(Text.assemble((printable(twin), "bold"), f"  {report.devices:,} devices to {where}"))
        console.print()
        table = Table.grid(padding=(0, 2))
        table.add_column()
        table.add_column(justify="right", no_wrap=True)
        table.add_column(style="dim")
        for name, amount, note in _rows(report):
            table.add_row(name, amount, note)
        console.print(table)
        console.print()
        console.print(Text.assemble(verdict))
        if report.last_refusal:
            console.print(Text(f"  last refusal: {printable(report.last_refusal)}"))


def _rows(report: Report) -> list[tuple[str, str, str]]:
    latencies = report.latencies
    rows = [
        ("sent", f"{report.sent:,}", f"{report.valid:,} of them valid, {report.bytes:,} bytes"),
        ("acked", f"{report.acked:,}", f"in {report.duration_s:,.1f} s, {report.rate:,.1f} messages/s"),
    ]
    if latencies.count:
        p50, p99 = latencies.quantile_s(0.5) or 0.0, latencies.quantile_s(0.99) or 0.0
        rows.append(("ack p50", _ms(p50), f"p99 {_ms(p99)}, longest {_ms(latencies.largest_s)}"))
    optional = [
        ("resent", report.resent, "sent once more after a lost connection"),
        ("postponed", report.postponed, "made later than due, since too many were waiting"),
        ("reconnects", report.reconnects, ""),
        ("refused", report.refused, "devices the gateway does not let in"),
        ("rejected", report.rejected, "messages the gateway does not take"),
    ]
    rows += [(name, f"{count:,}", note) for name, count, note in optional if count]
    if report.commands:
        note = f"{report.commands_acked:,} answers acked, {report.commands_failed:,} of them failed"
        rows.append(("commands", f"{report.commands:,}", note))
    for name, count in sorted(report.faults.items()):
        rows.append((f"fault {name}", f"{count:,}", ""))
    return rows


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:,.1f} ms" if seconds < 10 else f"{seconds:,.1f} s"
