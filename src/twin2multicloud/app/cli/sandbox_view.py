"""What `sandbox` shows in a terminal: the clouds, their queues and stores, the hops of a verification."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twin2multicloud.app.cli.sandbox_options import DEFAULT_DIRECTORY
from twin2multicloud.app.cli.terminal import STYLES, cloud_text, make_console, printable
from twin2multicloud.model.slots import Provider, Slot

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, Group, RenderableType
    from rich.table import Table
    from rich.text import Text

    from twin2multicloud.sandbox.client import SandboxClient
    from twin2multicloud.sandbox.launch import Launched
    from twin2multicloud.sandbox.layout import Layout
    from twin2multicloud.sandbox.status import CloudStatus, SandboxStatus
    from twin2multicloud.sandbox.verify import Hop

WIDE = 100
"""Columns from which tables show everything."""

_STATES = {"up": "green", "degraded": "yellow", "outage": "red", "starting": "yellow", "stopped": "red"}


def print_up(console: Console, whole: SandboxStatus, layout: Layout, done: Launched, seconds: float) -> None:
    """What a person wants to know once a sandbox is up."""
    connection = layout.connection()
    texts = {
        "started": f"is up after {seconds:.1f} s",
        "restarted": f"is up again after {seconds:.1f} s, as its definition has changed",
        "changed": f"has its slots after {seconds:.1f} s",
        "running": "was up already",
    }
    console.print(f"{whole.twin} {texts[done]}", style="bold")
    console.print(clouds_table(whole))
    if whole.missing:
        console.print(_missing(whole))
    if whole.dashboard_url:
        console.print(f"dashboard   {whole.dashboard_url}")
    if address := connection.mqtt or connection.http:
        console.print(f"devices     {address}  (keys in {_short(layout.connection_file)})")
    console.print("next        twin2multicloud simulate · sandbox verify · sandbox status -f · sandbox down")
    directory = _short(layout.directory)
    if directory != DEFAULT_DIRECTORY:
        console.print(f"            each with --dir {directory}; simulate with --keys {_short(layout.connection_file)}")


def _missing(whole: SandboxStatus) -> Text:
    from rich.text import Text

    return Text(f"not deployed yet: {', '.join(whole.missing)}", "yellow")


def _short(path: Any) -> str:
    from pathlib import Path

    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def clouds_table(whole: SandboxStatus) -> Table:
    """The clouds with their slots and consoles."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("cloud", "state", "slots", "console"):
        table.add_column(name, overflow="fold")
    for process in whole.clouds:
        slots = " ".join(place.slot for place in whole.placement if place.cloud == process.cloud)
        state = process.state + (f" ↻{process.restarts}" if process.restarts else "")
        table.add_row(
            cloud_text(Provider(process.cloud)), Text(state, style=_STATES[process.state]), slots, process.url
        )
    return table


def print_status(console: Console, whole: SandboxStatus, clouds: Mapping[str, CloudStatus]) -> None:
    """The whole status, once."""
    console.print(status_view(whole, clouds))


def status_view(whole: SandboxStatus, clouds: Mapping[str, CloudStatus]) -> Group:
    """The status as something to print or to show live."""
    from rich.console import Group
    from rich.text import Text

    clock = whole.clock
    shown = datetime.fromtimestamp(clock.now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if clock else "–"
    speed = f", ×{clock.speed:,g}" if clock is not None and clock.speed != 1 else ""
    head = Text.assemble((whole.twin, "bold"), f"   twin time {shown}{speed}")
    notes = [*([_missing(whole)] if whole.missing else []), *_faults(clouds), *_errors(clouds)]
    if whole.supervisor_pid is None:
        notes.append(Text("not running; `twin2multicloud sandbox up TWIN` starts it, with all it had", "yellow"))
    parts = [head, clouds_table(whole), Text(""), flow_table(whole, clouds)]
    return Group(*parts, *([Text("")] if notes else []), *notes)


class _ByWidth:
    """What is shown one way where there is room and another way where there is not."""

    def __init__(self, make: Callable[[bool], Table]) -> None:
        self._make = make

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[Table]:
        yield self._make(options.max_width < WIDE)


def flow_table(whole: SandboxStatus, clouds: Mapping[str, CloudStatus]) -> RenderableType:
    """A line per slot: what fills it, what has passed, what is stored or waits there. Narrow, only the most of it."""
    return _ByWidth(lambda narrow: _flow_table(whole, clouds, narrow))


def _flow_table(whole: SandboxStatus, clouds: Mapping[str, CloudStatus], narrow: bool) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("slot", no_wrap=True)
    table.add_column("filled by", no_wrap=True, overflow="ellipsis")
    for name in ("messages", "waiting") if narrow else ("messages", "waiting", "errors", "p50 / p99 ms"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("holds", no_wrap=True, overflow="ellipsis")
    for place in whole.placement:
        cloud = clouds.get(place.cloud)
        row = _SlotRow.of(place.slot, cloud) if cloud is not None else _SlotRow("–", "–", "–", "–")
        cells = (row.messages, row.waiting) if narrow else (row.messages, row.waiting, row.errors, row.times)
        holds = row.holds[:1] if narrow else row.holds
        table.add_row(
            place.slot, cloud_text(Provider(place.cloud), place.offer.partition(".")[2]), *cells, ", ".join(holds)
        )
    return table


@dataclass(frozen=True)
class _SlotRow:
    """What is told of a slot; of what it holds the first matters most."""

    messages: str = ""
    waiting: str = ""
    errors: str = ""
    times: str = ""
    holds: tuple[str, ...] = ()

    @classmethod
    def of(cls, slot: str, cloud: CloudStatus) -> _SlotRow:
        """As a cloud's status has it."""
        functions = [f for f in cloud.functions if f.slot == slot and f.role not in ("lifecycle", "report")]
        messages = max((f.messages or 0 for f in functions if f.role != "read"), default=0)
        errors = sum(f.errors for f in functions)
        main = max(functions, key=lambda f: f.invocations, default=None)
        times = "" if main is None or main.p50_ms is None else f"{main.p50_ms:.1f} / {main.p99_ms or 0:.1f}"
        waiting = ""
        if slot == Slot.ACQUISITION.value and cloud.gateway is not None:
            messages = cloud.gateway.messages
        if slot in (Slot.PROCESSING.value, Slot.ACQUISITION.value):
            mine = [q for q in cloud.queues if (q.name == "telemetry-outbox") == (slot == Slot.ACQUISITION.value)]
            waiting = f"{sum(q.depth for q in mine):,}" if mine else ""
        passed = f"{messages:,}" if messages else ""
        return cls(passed, waiting, f"{errors:,}" if errors else "", times, tuple(_holds(slot, cloud)))


def _holds(slot: str, cloud: CloudStatus) -> Iterator[str]:
    if slot == Slot.ACQUISITION.value and cloud.gateway is not None:
        yield _count(cloud.gateway.connections, "device", "devices")
        yield f"{cloud.gateway.messages_per_s:,.0f}/s"
    tier = {"L3.hot": "hot", "L3.cool": "cool", "L3.archive": "archive"}.get(slot)
    if tier is not None:
        found = [c for store in cloud.stores for c in store.classes if c.storage_class == tier]
        records, size = sum(c.records for c in found), sum(c.bytes for c in found)
        objects = sum(c.objects or 0 for c in found)
        yield _count(records, "record", "records")
        if tier != "hot" and objects:
            yield _count(objects, "object", "objects")
        if records:
            yield _bytes(size)
    if slot == Slot.MANAGEMENT.value and cloud.graph is not None:
        yield _count(cloud.graph.entities, "twin", "twins")
        yield _count(cloud.graph.relationships, "relationship", "relationships")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


def _faults(clouds: Mapping[str, CloudStatus]) -> Iterator[Text]:
    from rich.text import Text

    for name, cloud in clouds.items():
        for fault in cloud.faults:
            detail = f" ({fault.detail})" if fault.detail else ""
            what = f"{fault.kind} {fault.target}".rstrip()
            yield Text(f"▲ {Provider(name).label}: {what}{detail}", "yellow")


def _errors(clouds: Mapping[str, CloudStatus], most: int = 5) -> Iterator[Text]:
    from rich.text import Text

    found = [(error.last or 0.0, name, error) for name, cloud in clouds.items() for error in cloud.errors]
    for _, name, error in sorted(found, key=lambda row: -row[0])[:most]:
        line = error_line(name, error)
        line.no_wrap, line.overflow = True, "ellipsis"
        yield line
    dead = sum(cloud.dead_letters for cloud in clouds.values())
    if dead:
        what = _count(dead, "dead letter", "dead letters")
        yield Text(f"{what}: twin2multicloud sandbox dead-letters list", "dim")


def error_line(cloud: str, error: Any) -> Text:
    """One folded error on one line."""
    from rich.text import Text

    colours = {"info": "blue", "warning": "yellow", "error": "red", "critical": "bold red"}
    last = datetime.fromtimestamp(error.last or 0.0, UTC).astimezone().strftime("%H:%M:%S")
    about = " ".join(part for part in (error.device, error.link and f"link {error.link}") if part)
    return Text.assemble(
        (last, "dim"),
        f"  {error.layer} ",
        (f"{error.severity:<8} ", colours.get(error.severity, "")),
        (f"{Provider(cloud).label:<6}", STYLES[Provider(cloud)]),
        f"{error.kind:<15} ",
        (f"×{error.count:,} " if error.count > 1 else ""),
        (f"{printable(about)}: " if about else ""),
        printable(" ".join(error.message.split())),
    )


def print_hops(console: Console, hops: Sequence[Hop]) -> None:
    """The result of a verification."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", "hop", "cloud"):
        table.add_column(name)
    table.add_column("after", justify="right")
    table.add_column("", overflow="fold")
    for hop in hops:
        mark = Text("✓", "green") if hop.ok else Text("✗", "red")
        table.add_row(
            mark,
            hop.name,
            cloud_text(Provider(hop.cloud)),
            "" if hop.ms is None else f"{hop.ms:,.0f} ms",
            Text(hop.detail, "dim" if hop.ok else "red"),
        )
    console.print(table)
    good = all(hop.ok for hop in hops)
    text = "every hop works" if good else "not every hop works; `twin2multicloud sandbox errors` may say why"
    console.print(Text(text, "green" if good else "red"))


class StatusView:
    """`status -f`: the status, live, until Ctrl-C."""

    def __init__(self, client: SandboxClient, every_s: float = 1.0) -> None:
        self._client = client
        self._every_s = every_s

    def run(self) -> None:
        """Show it until interrupted."""
        from rich.live import Live

        with Live(console=make_console(), auto_refresh=False, screen=True) as live:
            while True:
                live.update(status_view(*self._client.status()), refresh=True)
                time.sleep(self._every_s)
