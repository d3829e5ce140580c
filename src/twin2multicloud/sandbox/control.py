"""The control API of a simulated cloud, behind the sandbox's token: what the command line and the tests ask for."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import DeviceType
from twin2multicloud.runtime.adapters.local.clock import ClockSetting
from twin2multicloud.runtime.envelope import COMMAND, Event, probe_event
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.handlers.ingest import letter_text
from twin2multicloud.runtime.handlers.validate import problems
from twin2multicloud.runtime.links import LINKS_SECRET, LinksDocument
from twin2multicloud.runtime.ports import Command, DeadLetter
from twin2multicloud.runtime.times import normal_time, to_epoch, to_time
from twin2multicloud.sandbox.faults import Fault
from twin2multicloud.sandbox.layout import MOST_SPEED, ClockConfig
from twin2multicloud.sandbox.reporting import cloud_status
from twin2multicloud.sandbox.server import control_route

if TYPE_CHECKING:
    from twin2multicloud.sandbox.building import CloudParts
    from twin2multicloud.sandbox.cloud import CloudServer

_MOST_REPLAYED: Final = 10_000
_UNDER_WAY: Final = "~"
"""Ends the id of a letter that is being replayed."""


class ClockRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Change the twin's clock here: follow `setting`, as every cloud does, or (faults) `jump` by so many seconds.

    `wall_jump` moves the machine's clock as seen here.
    """

    setting: ClockConfig | None = None
    jump: float | None = None
    wall_jump: float | None = None


class ReloadRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Look at the sandbox's documents again."""

    count_anew: bool = False


class LettersRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Which dead letters: by id, or all of them."""

    ids: tuple[str, ...] = ()
    all: bool = False


class CommandRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A command to a device, as a person gives it. `id` "" makes a fresh one."""

    device: str
    name: str
    payload: dict[str, Any] = {}
    id: str = ""


def control_routes(server: CloudServer) -> list[Route]:
    """All routes of the control API of a cloud."""
    token = server.parts.config.token
    control = _Control(server)

    async def health(_: Request) -> Response:
        return Response(b'{"ready":true}', media_type="application/json")

    return [
        Route("/health", health),
        control_route("/control/ready", "GET", token, control.ready),
        control_route("/control/reload", "POST", token, control.reload),
        control_route("/control/status", "GET", token, control.status),
        control_route("/control/errors", "GET", token, control.errors),
        control_route("/control/alerts", "GET", token, control.alerts),
        control_route("/control/faults", "POST", token, control.add_fault),
        control_route("/control/faults", "DELETE", token, control.clear_faults),
        control_route("/control/links", "GET", token, control.links),
        control_route("/control/links", "PUT", token, control.put_links),
        control_route("/control/clock", "POST", token, control.clock),
        control_route("/control/dead-letters", "GET", token, control.letters),
        control_route("/control/dead-letters/replay", "POST", token, control.replay),
        control_route("/control/dead-letters/drop", "POST", token, control.drop),
        control_route("/control/dead-letters/{id}", "GET", token, control.letter),
        control_route("/control/watch/{id}", "PUT", token, control.watch),
        control_route("/control/watch/{id}", "GET", token, control.seen),
        control_route("/control/probe/{id}", "POST", token, control.probe),
        control_route("/control/records/{device}/{time}", "GET", token, control.records),
        control_route("/control/twins/{id}", "GET", token, control.twin),
        control_route("/control/commands", "POST", token, control.command),
        control_route("/control/results/{device}/{id}", "GET", token, control.result),
        control_route("/control/run/{name}", "POST", token, control.run),
        control_route("/control/meters", "GET", token, control.meters),
        control_route("/control/summary", "GET", token, control.summary),
    ]


class _Control:
    def __init__(self, server: CloudServer) -> None:
        self._server = server

    @property
    def _parts(self) -> CloudParts:
        return self._server.parts

    async def ready(self, _: Request, __: Any) -> Any:
        return {"ready": self._parts.provider.value, "revision": self._parts.revision}

    async def reload(self, _: Request, body: Any) -> Any:
        """Do what the documents say now, without taking a message less; `count_anew` begins the counters again."""
        asked = msgspec.convert(body or {}, ReloadRequest)
        await self._server.reload(count_anew=asked.count_anew)
        return {"revision": self._parts.revision}

    async def status(self, _: Request, __: Any) -> Any:
        return await _off(cloud_status, self._server)

    async def errors(self, request: Request, _: Any) -> Any:
        after, limit = _number(request, "after", 0), _number(request, "limit", 200)
        return {"errors": self._parts.journal.errors(after, limit), "position": self._parts.journal.position}

    async def alerts(self, request: Request, _: Any) -> Any:
        after = _number(request, "after", 0) if "after" in request.query_params else None
        return {"alerts": self._parts.journal.alerts(after, _number(request, "limit", 200))}

    async def add_fault(self, _: Request, body: Any) -> Any:
        try:
            fault = msgspec.convert(body, Fault)
        except msgspec.ValidationError as error:
            raise UsageError(f"fault: {error}") from error
        self._parts.faults.add(msgspec.structs.replace(fault, since=time.time()))
        return {"faults": [f.status for f in self._parts.faults.active()]}

    async def clear_faults(self, _: Request, __: Any) -> Any:
        self._parts.faults.clear()
        self._set_wall(0.0)
        return {"faults": []}

    def _set_wall(self, offset_s: float) -> None:
        """Let the machine's clock, and the twin's with it, look so much ahead here."""
        if offset_s != self._parts.wall.offset_s:
            self._parts.wall.offset_s = offset_s
            self._parts.clock.jump(0.0)  # also back

    async def links(self, _: Request, __: Any) -> Any:
        """The document with keys, for the one who holds the token and rotates them."""
        return self._parts.links.document()

    async def put_links(self, _: Request, body: Any) -> Any:
        document = msgspec.convert(body, LinksDocument)
        await _off(self._parts.secrets.put, LINKS_SECRET, msgspec.json.encode(document).decode())
        self._parts.links.forget()
        return {"links": sorted({*document.out, *document.into})}

    async def clock(self, _: Request, body: Any) -> Any:
        asked = msgspec.convert(body, ClockRequest)
        if asked.setting is not None:
            start, wall, speed = asked.setting.start, asked.setting.wall, asked.setting.speed
            if not 0 <= speed <= MOST_SPEED:
                raise UsageError(f"speed: {speed:g} is out of range; write 0 to {MOST_SPEED:,.0f}")
            self._parts.clock.apply(ClockSetting(wall, speed, start - wall), jump=True)
        if asked.jump is not None:
            self._parts.clock.jump(asked.jump)
        if asked.wall_jump is not None:
            self._set_wall(self._parts.wall.offset_s + asked.wall_jump)
        return {"now": self._parts.clock.now(), "speed": self._parts.clock.setting.speed}

    async def letters(self, request: Request, _: Any) -> Any:
        found = self._parts.dead_letters.list(request.query_params.get("after", ""), _number(request, "limit", 100))
        return {"letters": [_shown(letter) for letter in found], "count": self._parts.dead_letters.count()}

    async def letter(self, request: Request, _: Any) -> Any:
        found = self._parts.dead_letters.get(request.path_params["id"])
        if found is None:
            raise KeyError(f"no dead letter {request.path_params['id'][:64]} here")
        return {**_shown(found), "body": letter_text(found)}

    async def replay(self, _: Request, body: Any) -> Any:
        return await _off(self._replay, msgspec.convert(body, LettersRequest))

    def _replay(self, asked: LettersRequest) -> dict[str, Any]:
        replayed, kept = [], []
        store = self._parts.dead_letters
        for letter in self._chosen(asked):
            # A message may fail again at once, and is then kept under the same id: so out of the way with this letter
            # before. A copy stays until the message is in its queue, lest it be lost should this process end here.
            copy = msgspec.structs.replace(letter, id=f"{letter.id}{_UNDER_WAY}")
            store.put([copy])
            store.remove([letter.id])
            try:
                self._parts.topics.replay(letter.topic, letter.body)
            except (KeyError, ValueError, StoreError) as error:
                store.put([letter])
                problem = "no such queue is here" if isinstance(error, KeyError) else str(error)
                kept.append({"id": letter.id, "problem": f"cannot go back to {letter.topic}: {problem}"})
            else:
                replayed.append(letter.id)
            store.remove([copy.id])
        return {"replayed": replayed, "kept": kept}

    async def drop(self, _: Request, body: Any) -> Any:
        ids = [letter.id for letter in self._chosen(msgspec.convert(body, LettersRequest))]
        await _off(self._parts.dead_letters.remove, ids)
        return {"dropped": ids}

    def _chosen(self, asked: LettersRequest) -> list[DeadLetter]:
        if not asked.all:
            found = {id: self._parts.dead_letters.get(id) for id in asked.ids}
            return [letter for letter in found.values() if letter is not None]
        chosen: list[DeadLetter] = []
        while len(chosen) < _MOST_REPLAYED:
            page = self._parts.dead_letters.list(chosen[-1].id if chosen else "", 500)
            if not page:
                break
            chosen += page
        return chosen

    async def watch(self, request: Request, _: Any) -> Any:
        self._parts.journal.watch(request.path_params["id"])
        return {}

    async def seen(self, request: Request, _: Any) -> Any:
        return {"seen": self._parts.journal.seen(request.path_params["id"])}

    async def probe(self, request: Request, _: Any) -> Any:
        """Have a probe begin its way where messages of devices do. `StoreError` where none would be taken."""
        parts = self._parts
        if parts.faults.outage:
            raise StoreError("outage")
        if parts.intake is None:
            raise KeyError("L1 is not here")
        event = probe_event(parts.spec.name, request.path_params["id"], to_time(parts.clock.now()))
        await _off(parts.intake.put, [event])
        return {}

    async def records(self, request: Request, _: Any) -> Any:
        """The ids of a device's records in the hot store at a moment; not metered."""
        if self._parts.hot is None:
            raise KeyError("no hot store is here")
        device, time_text = request.path_params["device"], normal_time(request.path_params["time"])
        found = await _off(self._parts.hot.history, device, time_text, to_time(to_epoch(time_text) + 0.001), 100)
        return {"ids": [event.id for event in found]}

    async def twin(self, request: Request, _: Any) -> Any:
        """A twin's state in the graph, null if there is none; not metered."""
        if self._parts.graph is None:
            raise KeyError("no twin graph is here")
        return {"twin": await _off(self._parts.graph.get, request.path_params["id"])}

    async def command(self, _: Request, body: Any) -> Any:
        asked = msgspec.convert(body, CommandRequest)
        kind = self._parts.spec.type_of(asked.device)
        if kind is None:
            raise UsageError(f"device: the twin has no device '{asked.device[:64]}'")
        form = next((command for command in kind.commands if command.name == asked.name), None)
        if form is None:
            known = ", ".join(command.name for command in kind.commands) or "none"
            raise UsageError(f"name: {kind.name} has no command '{asked.name[:64]}'; it has: {known}")
        wrong = problems(asked.payload, DeviceType(form.name, "", form.fields))
        names = [field.name for field in form.fields]
        wrong += [f"{name[:64]}: {form.name} has no such field" for name in asked.payload if name not in names]
        if wrong:
            raise UsageError("; ".join(wrong[:5]))
        now = to_time(self._parts.clock.now())
        id = (
            asked.id
            or hashlib.blake2b(f"{asked.device} {asked.name} {time.time_ns()}".encode(), digest_size=16).hexdigest()
        )
        await _off(self._send, Command(id, asked.device, asked.name, asked.payload, id[:16], now))
        return {"id": id}

    def _send(self, command: Command) -> None:
        if self._parts.desk is not None:
            self._parts.desk.send([command])
        elif self._parts.here(Slot.PROCESSING):
            event = Event(
                id=command.id,
                source=f"/twins/{self._parts.spec.name}",
                type=COMMAND,
                subject=command.device,
                time=command.time,
                data={"name": command.name, "payload": command.payload},
                trace=command.trace,
            )
            self._parts.topics.publish("commands-outbox", [event])
        else:
            raise UsageError("commands start where processing (L2) or the devices (L1) are; ask that cloud")

    async def result(self, request: Request, _: Any) -> Any:
        found = request.path_params
        return {"result": await _off(self._parts.journal.result, found["device"], found["id"])}

    async def run(self, request: Request, _: Any) -> Any:
        name = request.path_params["name"]
        for schedule in self._parts.schedules:
            if schedule.stats.name == name:
                await _off(schedule.once)
                return {"messages": schedule.stats.messages, "errors": schedule.stats.errors}
        raise KeyError(f"no scheduled function {name[:64]} here")

    async def meters(self, _: Request, __: Any) -> Any:
        self._server.gateway.count_connected()
        await _off(self._parts.account)
        return {"snapshot": self._parts.book.snapshot(), "elapsed_s": self._parts.base.elapsed.value}

    async def summary(self, _: Request, __: Any) -> Any:
        """A few figures for the dashboards of another cloud."""
        counters = self._server.gateway.counters
        journal = self._parts.journal
        return {
            "messages": None if counters is None else counters.messages,
            "errors": journal.position,
            "alerts": await _off(journal.alerts) if self._parts.here(Slot.PROCESSING) else None,
        }


async def _off(function: Any, *arguments: Any) -> Any:
    """Run what may block away from the event loop."""
    return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise UsageError(f"{name}: {text[:40]!r} is no whole number")
    return int(text)


def _shown(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "topic": letter.topic,
        "reason": letter.reason,
        "at": letter.at,
        "device": letter.device,
        "trace": letter.trace,
        "component": letter.component,
        "bytes": len(letter.body),
    }
