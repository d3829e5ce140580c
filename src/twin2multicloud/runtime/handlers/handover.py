"""Handing over: to the store next door, or to the outbox of a link. Which of the two is the placement's choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from twin2multicloud.runtime.envelope import COMMAND, PROBE, Event, is_left
from twin2multicloud.runtime.failures import (
    DeviceOfflineError,
    ErrorKind,
    ErrorReport,
    HandlerError,
    RejectedError,
    StoreError,
)
from twin2multicloud.runtime.ports import Command, Commands, HotStore, Publisher, Reporter, TwinGraph, Update

Hand = Callable[[Sequence[Event]], None]


class Handover:
    """Where processing's results go: three hands, each local or an outbox."""

    def __init__(self, *, persist: Hand, twin_updates: Hand, commands: Hand, twin: str) -> None:
        self.persist = persist
        self.twin_updates = twin_updates
        self._commands = commands
        self._twin = twin

    def commands(self, commands: Sequence[Command]) -> None:
        """Send commands on their way."""
        self._commands([command_event(command, self._twin) for command in commands])


def outbox(publisher: Publisher, edge: str, component: str) -> Hand:
    """Hand over to the queue from which the edge's sender posts."""

    def hand(events: Sequence[Event]) -> None:
        try:
            publisher.publish(f"{edge}-outbox", events)
        except StoreError as error:
            raise failed(error, "L2", component, f"{edge}-outbox", link=edge) from error

    return hand


def into_hot(store: HotStore, component: str) -> Hand:
    """Write records to the hot store. A probe shows that this works, and is not kept but by its sender's wish."""

    def hand(events: Sequence[Event]) -> None:
        probes = [event for event in events if event.type == PROBE and not is_left(event)]
        try:
            store.put(events)
            if probes:
                store.delete(probes)
        except StoreError as error:
            raise failed(error, "L3", component, "hot store") from error

    return hand


def into_graph(graph: TwinGraph, reporter: Reporter, component: str) -> Hand:
    """Update twins. An update for a twin that does not exist is reported and let go: its record is stored anyway."""

    def hand(events: Sequence[Event]) -> None:
        try:
            graph.update([Update(e.subject, e.data, e.time, e.id) for e in events])
        except StoreError as error:
            raise failed(error, "L4", component, "twin graph") from error
        except RejectedError as error:
            reporter.report(
                [
                    ErrorReport(
                        layer="L4",
                        severity="error",
                        kind=ErrorKind.GRAPH_FAILED,
                        message=str(error),
                        component=component,
                        device=events[0].subject if len(events) == 1 else "",
                        trace=events[0].trace if len(events) == 1 else "",
                    )
                ]
            )

    return hand


def to_devices(port: Commands, reporter: Reporter, component: str) -> Hand:
    """Send commands to devices. One whose device cannot be reached, or that no service takes, is reported and let go.

    Where a batch is rejected its commands are sent one by one (devices recognise those that they got before).
    """

    def failure(commands: Sequence[Command]) -> DeviceOfflineError | RejectedError | None:
        try:
            port.send(commands)
        except StoreError as error:
            raise failed(error, "L1", component, "device commands") from error
        except (DeviceOfflineError, RejectedError) as error:
            return error
        return None

    def hand(events: Sequence[Event]) -> None:
        commands = [command_of(event) for event in events]
        problem = failure(commands)
        if isinstance(problem, RejectedError) and len(commands) > 1:
            # All are tried before any is reported: should the store fail half way, all of them come again.
            problems = [(problem, [command]) for command in commands if (problem := failure([command])) is not None]
        else:
            problems = [] if problem is None else [(problem, commands)]
        if problems:
            reporter.report([_undelivered(problem, some, component) for problem, some in problems])

    return hand


def _undelivered(problem: Exception, commands: Sequence[Command], component: str) -> ErrorReport:
    (only,) = commands if len(commands) == 1 else (None,)
    offline = isinstance(problem, DeviceOfflineError)
    what = "command not delivered" if offline else f"command {only.name} rejected" if only else "commands rejected"
    return ErrorReport(
        layer="L1",
        severity="warning" if offline else "error",
        kind=ErrorKind.ACTION_FAILED,
        message=f"{what}: {problem}",
        component=component,
        device=only.device if only is not None else "",
        trace=only.trace if only is not None else "",
    )


def command_event(command: Command, twin: str) -> Event:
    """A command in its envelope."""
    return Event(
        id=command.id,
        source=f"/twins/{twin}",
        type=COMMAND,
        subject=command.device,
        time=command.time,
        data={"name": command.name, "payload": command.payload},
        trace=command.trace,
    )


class _CommandData(msgspec.Struct):
    name: str
    payload: dict[str, Any] = {}


def command_of(event: Event) -> Command:
    """The command in an envelope; `RejectedError` if it is none."""
    try:
        data = msgspec.convert(event.data, _CommandData)
    except msgspec.ValidationError as error:
        raise RejectedError(f"not a command: {error}") from error
    return Command(event.id, event.subject, data.name, data.payload, event.trace, event.time)


def failed(error: StoreError, layer: Any, component: str, what: str, link: str = "") -> HandlerError:
    """A store's failure as what its function reports; the batch comes again."""
    kinds = {"L4": ErrorKind.GRAPH_FAILED}
    kind = ErrorKind.QUOTA if error.quota else kinds.get(layer, ErrorKind.WRITE_FAILED)
    report = ErrorReport(
        layer=layer, severity="error", kind=kind, message=f"{what}: {error}", component=component, link=link
    )
    return HandlerError(report, retry_after_s=error.retry_after_s)
