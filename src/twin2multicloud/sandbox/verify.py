"""Verifying a running sandbox: one marked message through every hop, and a command back to the device."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec

from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import Field, TwinSpec
from twin2multicloud.runtime.envelope import event_id
from twin2multicloud.runtime.handlers.process import twin_fields
from twin2multicloud.runtime.times import normal_time, to_epoch
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import SandboxError
from twin2multicloud.sandbox.dashboards import DashboardClient
from twin2multicloud.sandbox.probe import Probe, connect
from twin2multicloud.simulator.messages import Messages

PATIENCE_S: Final = 10.0
_POLL_S: Final = 0.02
_LETTERS_S: Final = 0.5
_ANSWER_S: Final = 0.3
_SPECIAL: Final = 3
_TRIES: Final = 3
"""How often a command is sent in the time it may take."""


Look = Callable[[], float | None]
_FIRST: Final = "L1 → L2 processed"
_LAST: Final = "L3, L4 → L5 shown"
_COMMAND: Final = "command → device"
_CAUSES: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    _FIRST: (("L1", "L2"), ("telemetry",)),
    "L2 → L3 stored": (("L3",), ("persist",)),
    "L2 → L4 twin updated": (("L4",), ("twin-updates",)),
    _LAST: (("L5",), ("history", "state")),
    _COMMAND: (("L1", "L2"), ("commands",)),
}
"""Layers and links whose errors explain why a hop failed."""


class Hop(msgspec.Struct, frozen=True):
    """One hop: what was checked, where, whether it held; milliseconds since the message was sent, and what was seen."""

    name: str
    cloud: str
    ok: bool
    ms: float | None
    detail: str = ""


class Verification:
    """Sends as `device` (default: the first one that takes commands, or the twin's first). The message is a valid one.

    Nothing that is looked at here is metered but what the dashboard is asked.
    """

    def __init__(self, client: SandboxClient, device: str | None = None, patience_s: float = PATIENCE_S) -> None:
        """`patience_s` is for the message's way to the last hop, and again for the command's. `NotDeployedError` for a
        twin that is not deployed whole: the message would wait where its next slot is missing.
        """
        client.check_whole()
        self._patience_s = patience_s
        self._client = client
        self._spec = client.layout.spec()
        self._device = device or _default(self._spec)
        kind = self._spec.type_of(self._device)
        if kind is None:
            raise UsageError(f"--device: the twin has no device '{self._device[:64]}'")
        self._kind = kind
        self._page = DashboardClient(client)
        self.id = ""
        """The marked message's, once it was sent."""

    def run(self) -> list[Hop]:
        """Every hop in order; after one that fails, what cannot be checked any more is not there."""
        now = self._twin_now()
        waveforms = self._client.layout.waveforms()
        message = Messages(self._spec, seed=time.time_ns(), waveforms=waveforms).message(self._device, _SPECIAL, now)
        payload = json.dumps(message).encode()
        time_text = normal_time(message["time"])
        id = self.id = event_id(self._device, time_text, payload)
        for cloud in self._client.config.clouds:
            self._client.request(cloud, "PUT", f"/control/watch/{id}")
        hops: list[Hop] = []
        first = self._client.cloud_of(Slot.ACQUISITION)
        began = time.time()
        try:
            probe = connect(self._client.layout.connection(), self._device)
        except OSError as error:
            return [Hop("device → L1", first, False, None, str(error))]
        try:
            try:
                sent = time.time()
                probe.send(payload)
            except OSError as error:
                return [Hop("device → L1", first, False, None, str(error))]
            connected = f"connected in {(sent - began) * 1000:.0f} ms"
            hops.append(Hop("device → L1", first, True, (time.time() - sent) * 1000, connected))
            hops += self._stores(id, time_text, message, sent)
            hops.append(self._command(probe))
        finally:
            probe.close()
        return hops

    def _twin_now(self) -> float:
        for cloud in self._client.config.clouds:
            clock = self._client.cloud_status(cloud).clock
            if clock is not None:
                return clock.now
        return time.time()

    def _stores(self, id: str, time_text: str, message: dict[str, Any], sent: float) -> list[Hop]:
        fields = [name for name in twin_fields(self._kind) if message.get(name) is not None]
        start = to_epoch(time_text)

        def passed() -> float | None:
            at: dict[str, float] = self._client.request(processing, "GET", f"/control/watch/{id}")["seen"]
            return at.get("process")

        def stored() -> float | None:
            found = self._client.request(hot, "GET", f"/control/records/{quote(self._device)}/{quote(time_text)}")
            return time.time() if id in found["ids"] else None

        def updated() -> float | None:
            state = self._client.request(graph, "GET", f"/control/twins/{quote(self._device)}")["twin"] or {}
            newest = max((state.get("times", {}).get(name, "") for name in fields), default="")
            return time.time() if newest >= time_text else None

        def shown() -> float | None:
            points = self._page.history(self._device, start - 0.001, start + 0.001)
            times = self._page.state(self._device).get("times", {})
            newest = not fields or max((times.get(name, "") for name in fields), default="") >= time_text
            return time.time() if self._page.page() and points and newest else None

        places = (Slot.PROCESSING, Slot.HOT, Slot.MANAGEMENT, Slot.VISUALIZATION)
        processing, hot, graph, screen = (self._client.cloud_of(slot) for slot in places)
        looks: dict[str, tuple[str, Look]] = {_FIRST: (processing, passed), "L2 → L3 stored": (hot, stored)}
        if fields:
            looks["L2 → L4 twin updated"] = (graph, updated)
        looks[_LAST] = (screen, shown)
        return self._watch(looks, sent, id)

    def _watch(self, looks: Mapping[str, tuple[str, Look]], sent: float, id: str) -> list[Hop]:
        """Look everywhere at once until the message is there, or is set aside, or patience is over."""
        found: dict[str, float] = {}
        problems = {_LAST: "nothing to show, as a hop before failed"}
        letters = time.time() + _LETTERS_S
        aside = ""
        while len(found) < len(looks) and not aside and time.time() < sent + self._patience_s:
            for name, (_, look) in looks.items():
                if name not in found and (name != _LAST or len(found) == len(looks) - 1):
                    problems.pop(name, None)
                    try:
                        at = look()
                    except (UsageError, SandboxError) as error:
                        at, problems[name] = None, str(error)
                    if at is not None:
                        found[name] = at
            if _FIRST not in found and time.time() > letters:
                letters = time.time() + _LETTERS_S
                aside = self._set_aside(id)
            time.sleep(_POLL_S)
        hops: list[Hop] = []
        for name, (cloud, _) in looks.items():
            if name in found:
                hops.append(Hop(name, cloud, True, max(found[name] - sent, 0.0) * 1000))
                continue
            why = self._reported(name, sent) or problems.get(name, "")
            late = f"not seen within {time.time() - sent:.0f} s{why and '; '}{why}"
            hops.append(Hop(name, cloud, False, None, aside or late))
            if name == _FIRST:
                break
        return hops

    def _set_aside(self, id: str) -> str:
        """Why the message is in a dead-letter store, if it is."""
        for slot in (Slot.ACQUISITION, Slot.PROCESSING):
            try:
                letter = self._client.request(self._client.cloud_of(slot), "GET", f"/control/dead-letters/{id}")
            except (UsageError, SandboxError):
                continue  # not there
            return f"set aside at {letter['component']}: {letter['reason']}"
        return ""

    def _reported(self, hop: str, since: float) -> str:
        """The latest error that came since and has to do with a hop."""
        layers, links = _CAUSES[hop]
        found = [
            error
            for _, error in self._client.errors()[0]
            if (error.last or 0.0) >= since and (error.link in links if error.link else error.layer in layers)
        ]
        return f"{found[-1].kind}: {found[-1].message}" if found else ""

    def _command(self, probe: Probe) -> Hop:
        processing = self._client.cloud_of(Slot.PROCESSING)
        if not self._kind.commands:
            return Hop(_COMMAND, processing, True, None, f"{self._kind.name} knows no commands")
        sent = time.time()
        form = self._kind.commands[0]
        payload = {field.name: _example(field) for field in form.fields if field.required}
        problem = ""
        ids: list[str] = []
        try:
            while (left := sent + self._patience_s - time.time()) > 0:
                if left <= self._patience_s * (1 - len(ids) / _TRIES):
                    # Again: one that was on its way as the device itself took the probe's place is lost with that.
                    ids.append(self._client.command(self._device, form.name, payload))
                try:
                    command = probe.command(min(left, _ANSWER_S))
                except OSError as error:
                    command, problem = None, str(error)
                    time.sleep(_POLL_S)
                if command is not None and command.get("id") in ids:
                    return Hop(_COMMAND, processing, True, (time.time() - sent) * 1000, f"{form.name}, acknowledged")
                # The device itself may be connected meanwhile, in place of the probe.
                for answer in filter(None, (self._client.result(self._device, id) for id in ids)):
                    if answer["status"] == "ok":
                        detail = f"{form.name}, acknowledged by the device itself"
                        return Hop(_COMMAND, processing, True, (answer["at"] - sent) * 1000, detail)
        except (UsageError, SandboxError) as error:
            problem = str(error)
        why = self._reported(_COMMAND, sent) or problem
        return Hop(_COMMAND, processing, False, None, f"no command within {self._patience_s:g} s{why and '; '}{why}")


def _default(spec: TwinSpec) -> str:
    commanded = (name for group in spec.devices if spec.types[group.type].commands for name in group)
    return next(commanded, spec.device_names[0])


def _example(field: Field) -> Any:
    """A value that a field takes."""
    if field.allowed:
        return field.allowed[0]
    low = -math.inf if field.minimum is None else field.minimum
    number = min(max(0.0, low), math.inf if field.maximum is None else field.maximum)
    examples: dict[str, Any] = {"boolean": False, "string": "", "object": {}, "array": []}
    return examples.get(field.type, math.ceil(number) if field.type == "integer" else number)
