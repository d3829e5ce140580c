"""One simulated device: makes its messages when they are due, answers commands, keeps count."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from twin2multicloud.model.spec import CommandType, DeviceType
from twin2multicloud.runtime.envelope import event_id
from twin2multicloud.runtime.handlers.validate import problems
from twin2multicloud.runtime.times import to_time
from twin2multicloud.simulator.faults import BURST_MESSAGES, Fault, Made
from twin2multicloud.simulator.ledger import LedgerEntry, data_digest
from twin2multicloud.simulator.link import Link, Outgoing
from twin2multicloud.simulator.messages import TIME_KEY

if TYPE_CHECKING:
    from twin2multicloud.simulator.simulation import Simulation

_REMEMBERED: Final = 256
"""Commands a device remembers, so as to answer a repeated one without doing it again."""
_MOST_LATE_INTERVALS: Final = 10
"""What the device missed beyond that, because the machine stood still, it does not make up for."""


class SimulatedDevice:
    """See `link.Owner` for what its link tells it."""

    __slots__ = ("_answers", "_simulation", "kind", "last_time_s", "link", "name", "number", "phase_s", "refusal")

    def __init__(self, simulation: Simulation, name: str, kind: DeviceType, phase_s: float) -> None:
        self.name = name
        self.kind = kind
        self.phase_s = phase_s
        self.number = 0
        self.last_time_s = 0.0
        self.refusal = ""
        self.link: Link
        self._simulation = simulation
        self._answers: OrderedDict[str, bytes] = OrderedDict()

    def begin(self, start_s: float) -> None:
        """Send from a moment of the loop's time on, each interval."""
        self._plan(start_s + self.phase_s)

    def _plan(self, due_s: float) -> None:
        self._simulation.agenda.at(due_s, lambda: self._due(due_s))

    def _due(self, due_s: float) -> None:
        simulation = self._simulation
        interval_s = simulation.plan.interval_s
        if simulation.finishing or self.refusal:
            return
        if self.link.unacked >= simulation.plan.buffer:
            simulation.report.postponed += 1
        else:
            fault = self._send_next(due_s)
            if fault is Fault.BURST:
                for _ in range(BURST_MESSAGES):
                    if self._may_send():
                        self._send_next(due_s)
        if self._may_send():
            late_s = simulation.agenda.now() - due_s
            self._plan(due_s + interval_s + (late_s if late_s > _MOST_LATE_INTERVALS * interval_s + 1 else 0.0))
        else:
            simulation.device_done()

    def _may_send(self) -> bool:
        most = self._simulation.plan.messages_per_device
        return most is None or self.number < most

    def _send_next(self, due_s: float) -> Fault | None:
        simulation = self._simulation
        number, self.number = self.number, self.number + 1
        time_s = simulation.event_time(self, number)
        data = simulation.messages.message(self.name, number, time_s)
        made = simulation.faults.make(self.name, number, self.kind, data, simulation.messages.encode)
        self.send(made, due_s)
        return made.fault

    def replay(self, time_s: float, fields: dict[str, Any], due_s: float) -> None:
        """Send a message of a file, with the time it has there or, if that is wanted, the time it is now."""
        simulation = self._simulation
        number, self.number = self.number, self.number + 1
        if simulation.plan.restamp:
            time_s = simulation.event_time(self, number)
        data = {TIME_KEY: to_time(time_s)} | fields
        valid = not problems(fields, self.kind)
        made = simulation.faults.make(self.name, number, self.kind, data, simulation.messages.encode)
        self.send(made if valid else replace(made, valid=False), due_s)

    def send(self, made: Made, due_s: float) -> None:
        """Send a message, twice if its fault is to be a duplicate; then break the connection if that is its fault."""
        simulation = self._simulation
        report = simulation.report
        message = Outgoing(made.payload, due_s, made.data is not None)
        if made.valid and made.data is not None and simulation.ledger.wanted:
            time = made.data[TIME_KEY]
            message.entry = LedgerEntry(
                event_id(self.name, time, made.payload), self.name, time, data_digest(made.data)
            )
        report.sent += 1
        report.valid += made.valid
        report.bytes += len(made.payload)
        if made.fault is not None:
            report.faults[made.fault.value] += 1
            if made.fault is Fault.DUPLICATE:
                message.copies = 2
                self.link.send(message)
        self.link.send(message)
        if made.fault is Fault.DISCONNECT:
            self.link.drop(simulation.plan.offline_s)

    # What the link tells

    def online(self, again: bool) -> None:
        """Count a connection."""
        if again:
            self._simulation.report.reconnects += 1
        else:
            self._simulation.report.connects += 1
            self._simulation.arrived()

    def acked(self, message: Outgoing) -> None:
        """Count an acknowledgement; the last of a message's copies counts."""
        message.copies -= 1
        if message.copies:
            return
        report = self._simulation.report
        if message.is_result:
            report.commands_acked += message.counts
            return
        report.acked += 1
        report.latencies.add(self._simulation.agenda.now() - message.due_s)
        if message.entry is not None:
            self._simulation.ledger.add(message.entry)

    def resent(self, count: int) -> None:
        """Count repeats."""
        self._simulation.report.resent += count

    def refused(self, why: str) -> None:
        """Count a device that is not let in."""
        report = self._simulation.report
        report.refused += 1
        report.last_refusal = f"{self.name}: {why}"
        was_done = not self._may_send()
        self.refusal = why
        self._simulation.arrived()
        if not was_done:
            self._simulation.device_done()

    def rejected(self, message: Outgoing, why: str) -> None:
        """Count a message that is not taken."""
        if not message.is_result:
            self._simulation.report.rejected += 1
        self._simulation.report.last_refusal = f"{self.name}: {why}"

    def command(self, command: Mapping[str, Any]) -> None:
        """Do what is asked, that is, say so; a command that comes again gets the same answer again."""
        report = self._simulation.report
        name = command["id"]
        answer = self._answers.get(name)
        if answer is None:
            problem = _problem(self.kind, command)
            document = {"id": name, "status": "ok" if problem is None else "failed"}
            answer = msgspec.json.encode(document if problem is None else document | {"message": problem})
            self._answers[name] = answer
            if len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)
            report.commands += 1
            report.commands_failed += problem is not None
            counts = True
        else:
            report.commands_repeated += 1
            counts = False
        self.link.send(Outgoing(answer, self._simulation.agenda.now(), is_result=True, counts=counts))


def _problem(kind: DeviceType, command: Mapping[str, Any]) -> str | None:
    """Why a device of this type cannot do what it is asked; None if it can."""
    known = {command_type.name: command_type for command_type in kind.commands}
    found: CommandType | None = known.get(command["name"])
    if found is None:
        return f"unknown command '{command['name'][:64]}'; known: {', '.join(sorted(known)) or 'none'}"
    payload = command.get("payload")
    given = payload if isinstance(payload, Mapping) else {}
    missing = [field.name for field in found.fields if field.required and given.get(field.name) is None]
    return f"missing: {', '.join(missing)}" if missing else None
