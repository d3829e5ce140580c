"""What `sandbox` shows in a terminal: the clouds, their queues and stores, the hops of a verification."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twin2multicloud.app.cli.terminal import STYLES, cloud_text, make_console
from twin2multicloud.model.slots import Provider, Slot

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.table import Table
    from rich.text import Text

    from twin2multicloud.sandbox.client import SandboxClient
    from twin2multicloud.sandbox.launch import Launched
    from twin2multicloud.sandbox.layout import Layout
    from twin2multicloud.sandbox.status import CloudStatus, SandboxStatus
    from twin2multicloud.sandbox.verify import Hop

_STATES = {"up": "green", "degraded": "yellow", "outage": "red", "starting": "yellow", "stopped": "red"}


def print_up(console: Console, whole: SandboxStatus, layout: Layout, done: Launched, seconds: float) -> None:
    """What a person wants to know once a sandbox is up."""
    connection = layout.connection()
    texts = {
        "started": f"is up after {seconds:.1f} s",
        "restarted": f"is up again after {seconds:.1f} s, as its definition has changed",
        "running": "was up already",
    }
    console.print(f"{whole.twin} {texts[done]}", style="bold")
    console.print(clouds_table(whole))
    console.print(f"dashboard   {whole.dashboard_url}")
    console.print(f"devices     {connection.mqtt or connection.http}  (keys in {_short(layout.connection_file)})")
    console.print("next        twin2multicloud simulate · sandbox verify · sandbox status -f · sandbox down")


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
        state = process.state + (f" ({process.restarts} restarts)" if process.restarts else "")
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
    speed = f", ×{clock.speed:g}" if clock is not None and clock.speed != 1 else ""
    head = Text.assemble((whole.twin, "bold"), f"   twin time {shown}{speed}")
    return Group(head, clouds_table(whole), Text(""), flow_table(whole, clouds), _faults(clouds), _errors(clouds))


def flow_table(whole: SandboxStatus, clouds: Mapping[str, CloudStatus]) -> Table:
    """A line per slot: what fills it, what has passed, what is stored or waits there."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("slot")
    table.add_column("filled by", overflow="fold")
    table.add_column("messages", justify="right")
    table.add_column("waiting", justify="right")
    table.add_column("errors", justify="right")
    table.add_column("p50 / p99 ms", justify="right")
    table.add_column("holds")
    for place in whole.placement:
        cloud = clouds.get(place.cloud)
        row = _slot_row(place.slot, cloud) if cloud is not None else ("–", "–", "–", "–", "")
        table.add_row(place.slot, cloud_text(Provider(place.cloud), place.offer.partition(".")[2]), *row)
    return table


def _slot_row(slot: str, cloud: CloudStatus) -> tuple[str, str, str, str, str]:
    functions = [f for f in cloud.functions if f.slot == slot and f.role not in ("lifecycle", "report")]
    messages = max((f.messages or 0 for f in functions if f.role != "read"), default=0)
    errors = sum(f.errors for f in functions)
    main = max(functions, key=lambda f: f.invocations, default=None)
    times = "" if main is None or main.p50_ms is None else f"{main.p50_ms:.1f} / {main.p99_ms or 0:.1f}"
    holds, waiting = "", ""
    if slot == Slot.ACQUISITION.value and cloud.gateway is not None:
        messages = cloud.gateway.messages
        holds = f"{cloud.gateway.connections:,} devices, {cloud.gateway.messages_per_s:,.0f}/s"
    if slot in (Slot.PROCESSING.value, Slot.ACQUISITION.value):
        mine = [q for q in cloud.queues if (q.name == "telemetry-outbox") == (slot == Slot.ACQUISITION.value)]
        waiting = f"{sum(q.depth for q in mine):,}" if mine else ""
    tier = {"L3.hot": "hot", "L3.cool": "cool", "L3.archive": "archive"}.get(slot)
    if tier is not None:
        found = [c for store in cloud.stores for c in store.classes if c.storage_class == tier]
        records, size = sum(c.records for c in found), sum(c.bytes for c in found)
        objects = sum(c.objects or 0 for c in found)
        holds = f"{records:,} records" + (f" in {objects:,} objects" if tier != "hot" and objects else "")
        holds += f", {_bytes(size)}" if records else ""
    if slot == Slot.MANAGEMENT.value and cloud.graph is not None:
        holds = f"{cloud.graph.entities:,} twins, {cloud.graph.relationships:,} relationships"
    return f"{messages:,}" if messages else "", waiting, f"{errors:,}" if errors else "", times, holds


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


def _faults(clouds: Mapping[str, CloudStatus]) -> Text:
    from rich.text import Text

    lines = Text()
    for name, cloud in clouds.items():
        for fault in cloud.faults:
            detail = f" ({fault.detail})" if fault.detail else ""
            lines.append(f"\n▲ {Provider(name).label}: {fault.kind} {fault.target}{detail}", "yellow")
    return lines


def _errors(clouds: Mapping[str, CloudStatus], most: int = 5) -> Text:
    from rich.text import Text

    found = [(error.last or 0.0, name, error) for name, cloud in clouds.items() for error in cloud.errors]
    lines = Text()
    for _, name, error in sorted(found, key=lambda row: -row[0])[:most]:
        lines.append("\n")
        lines.append_text(error_line(name, error))
    dead = sum(cloud.dead_letters for cloud in clouds.values())
    if dead:
        lines.append(f"\n{dead:,} dead letters: twin2multicloud sandbox dead-letters list", "dim")
    return lines


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
        (f"{about}: " if about else ""),
        error.message,
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
