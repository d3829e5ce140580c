"""The sandbox as programs see it: its clouds' control APIs and its supervisor, with typed answers."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.links import LinksDocument
from twin2multicloud.runtime.struct_types import prepare_structs
from twin2multicloud.runtime.wiring import with_new_keys
from twin2multicloud.sandbox.create import SandboxError, running
from twin2multicloud.sandbox.faults import STORES, Fault
from twin2multicloud.sandbox.layout import MOST_SPEED, ClockConfig, Layout, SandboxConfig
from twin2multicloud.sandbox.status import (
    ClockStatus,
    CloudProcess,
    CloudStatus,
    FoldedError,
    PlacedSlot,
    SandboxStatus,
)
from twin2multicloud.sandbox.supervisor import ask

_TIMEOUT_S: Final = 10.0
_PAGE: Final = 500
SETTLE_S: Final = 2.5
"""Between the steps of a key rotation: longer than a links document is kept, and than a POST takes."""


class NotDeployedError(UsageError):
    """A slot is not deployed, so nobody can ask it."""

    def __init__(self, *slots: Slot) -> None:
        names = ", ".join(f"{slot.value} ({slot.label})" for slot in slots)
        are, them = ("is", "it") if len(slots) == 1 else ("are", "them")
        super().__init__(f"{names} {are} not deployed yet; deploy {them} first")


class SandboxClient:
    """Talks to a sandbox's processes. `SandboxError` when one does not answer."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._changed = self._changes()
        self._config = layout.config()
        self._blueprint: Blueprint = layout.blueprint()
        self._built = layout.built()

    def _changes(self) -> tuple[int, ...]:
        files = (self.layout.config_file, self.layout.blueprint_file, self.layout.built_file)
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)

    def _look(self) -> None:
        """Read the documents again if they have changed: a slot may have moved, and a cloud come or gone with it."""
        changed = self._changes()
        if changed != self._changed and all(changed[:2]):
            self._config, self._blueprint, self._changed = self.layout.config(), self.layout.blueprint(), changed
            self._built = self.layout.built()

    @property
    def config(self) -> SandboxConfig:
        """The sandbox's document as of now."""
        self._look()
        return self._config

    @property
    def blueprint(self) -> Blueprint:
        """What is simulated now."""
        self._look()
        return self._blueprint

    @property
    def built(self) -> tuple[Slot, ...]:
        """The slots that are deployed now."""
        self._look()
        return self._built

    @property
    def missing(self) -> tuple[Slot, ...]:
        """The slots that are not deployed yet."""
        built = self.built
        return tuple(slot for slot in Slot if slot not in built)

    def check_whole(self) -> None:
        """Raise `NotDeployedError` unless every slot is deployed."""
        if self.missing:
            raise NotDeployedError(*self.missing)

    # ── Requests ────────────────────────────────────────────────────────────────────────────────────────────
    def request(self, cloud: str, method: str, path: str, body: Any = None) -> Any:
        """One request to a cloud's control API; its JSON answer. What the API refuses is a `UsageError`."""
        if cloud not in self.config.clouds:
            raise UsageError(f"'{cloud}' is no cloud of this sandbox; it has {', '.join(self.config.clouds)}")
        connection = http.client.HTTPConnection("127.0.0.1", self.config.clouds[cloud].http_port, timeout=_TIMEOUT_S)
        content = None if body is None else msgspec.json.encode(body)
        try:
            connection.request(method, path, content, {"authorization": f"Bearer {self.config.token}"})
            response = connection.getresponse()
            value = msgspec.json.decode(response.read() or b"{}")
        except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
            raise SandboxError(
                f"{cloud} does not answer ({error}); `twin2multicloud sandbox status` shows what runs"
            ) from error
        finally:
            connection.close()
        if response.status >= 400:
            raise UsageError(f"{cloud}: {value.get('error', response.status)}")
        return value

    def cloud_of(self, slot: Slot) -> str:
        """The cloud a slot is deployed in; `NotDeployedError` if it is not."""
        if slot not in self.built:
            raise NotDeployedError(slot)
        return self.blueprint.places[slot].provider.value

    # ── Status ──────────────────────────────────────────────────────────────────────────────────────────────
    def cloud_status(self, cloud: str) -> CloudStatus:
        """One cloud's status document."""
        return msgspec.convert(self.request(cloud, "GET", "/control/status"), CloudStatus)

    def status(self) -> tuple[SandboxStatus, dict[str, CloudStatus]]:
        """The sandbox as a whole, and each cloud that answers."""
        try:
            found = ask(self.layout, {"do": "status"})
        except ConnectionError:
            found = {}
        clouds: dict[str, CloudStatus] = {}
        processes = []
        clock = None
        for name, cloud in self.config.clouds.items():
            known = found.get("clouds", {}).get(name, {})
            state: Any = "stopped"
            if known.get("pid") is not None:
                try:
                    clouds[name] = self.cloud_status(name)
                    state = clouds[name].state
                    clock = clock or clouds[name].clock
                except (SandboxError, UsageError):
                    state = "starting"
            processes.append(CloudProcess(name, state, cloud.url, known.get("pid"), known.get("restarts", 0)))
        places = tuple(
            PlacedSlot(slot.value, place.provider.value, place.region, place.offer)
            for slot, place in self.blueprint.places.items()
            if slot in self.built
        )
        dashboards = ""
        if Slot.VISUALIZATION in self.built:
            dashboards = f"{self.config.clouds[self.cloud_of(Slot.VISUALIZATION)].url}/dashboard/"
        whole = SandboxStatus(
            self.config.twin,
            tuple(processes),
            places,
            clock or ClockStatus(self._clock_now(), self.config.clock.speed),
            dashboards,
            str(self.layout.directory),
            found.get("pid"),
            "" if (moving := self.layout.transition()) is None else str(moving.move),
            tuple(slot.value for slot in self.missing),
        )
        return whole, clouds

    def _clock_now(self) -> float:
        return self.layout.config().clock.at(time.time())

    # ── Faults ──────────────────────────────────────────────────────────────────────────────────────────────
    def inject(self, fault: Fault, clouds: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Switch a fault on in the named clouds (default: where it can happen); the clouds it is on in."""
        where = clouds or self._where(fault)
        for cloud in where:
            self.request(cloud, "POST", "/control/faults", fault)
        return where

    def _where(self, fault: Fault) -> tuple[str, ...]:
        if not fault.target:
            return tuple(self.config.clouds)
        if fault.target in self.blueprint.by_edge:
            link = self.blueprint.by_edge[fault.target]
            return (self.cloud_of(link.target if link.push else link.source),)
        stores = {"hot": Slot.HOT, "cool": Slot.COOL, "archive": Slot.ARCHIVE, "graph": Slot.MANAGEMENT}
        if fault.target in stores:
            return (self.cloud_of(stores[fault.target]),)
        if fault.target in STORES:
            return tuple(self.config.clouds)
        known = ", ".join([*self.blueprint.by_edge, *STORES])
        raise UsageError(f"target: '{fault.target}' is neither a link nor a store; there are {known}")

    def clear_faults(self) -> None:
        """Switch every fault off, in every cloud that answers; `SandboxError` if one did not."""
        silent: SandboxError | None = None
        for cloud in self.config.clouds:
            try:
                self.request(cloud, "DELETE", "/control/faults")
            except SandboxError as error:
                silent = error
        if silent is not None:
            raise silent

    def kill(self, cloud: str, seconds: float) -> None:
        """End a cloud's process with SIGKILL; the supervisor starts it again after `seconds`."""
        try:
            answer = ask(self.layout, {"do": "kill", "cloud": cloud, "seconds": seconds})
        except ConnectionError as error:
            raise SandboxError(f"{error}; `twin2multicloud sandbox up` starts it") from error
        if "error" in answer:
            raise UsageError(str(answer["error"]))

    # ── The twin's clock ────────────────────────────────────────────────────────────────────────────────────
    def set_clock(self, *, speed: float | None = None, jump: float | None = None, cloud: str = "") -> None:
        """Change the twin's clock for good, in all clouds at the same moment; a cloud that is away follows later.

        With `cloud` it is a fault: that cloud's own clock jumps, and with it what it signs, until faults are cleared.
        """
        if cloud:
            self.request(cloud, "POST", "/control/clock", {"wall_jump": jump or 0.0})
            return
        if not running(self.layout):
            raise SandboxError("the sandbox is not running; `twin2multicloud sandbox up` starts it")
        now = time.time()
        config = self.layout.config()
        before = config.clock
        if speed is not None and not 0 <= speed <= MOST_SPEED:
            raise UsageError(f"speed: {speed:g} is out of range; write 0 to {MOST_SPEED:,.0f}")
        config.clock = ClockConfig(before.at(now) + (jump or 0.0), now, before.speed if speed is None else speed)
        self.layout.write_config(config)
        for name in config.clouds:
            try:
                self.request(name, "POST", "/control/clock", {"setting": config.clock})
            except SandboxError:
                continue

    # ── Keys ────────────────────────────────────────────────────────────────────────────────────────────────
    def rotate_keys(
        self, *, sleep: Callable[[float], None] = time.sleep, progress: Callable[[str], None] = lambda _text: None
    ) -> int:
        """New keys for every link, while telemetry flows; how many."""
        if (moving := self.layout.transition()) is not None:
            raise UsageError(f"{moving.move} is under way, which rewires links; rotate keys when it has ended")
        documents = {
            name: msgspec.convert(self.request(name, "GET", "/control/links"), LinksDocument)
            for name in self.config.clouds
        }
        steps = ("receivers accept the new keys", "senders sign with them", "the old keys are gone")
        for number, (text, step) in enumerate(zip(steps, with_new_keys(documents, time.time()), strict=True)):
            if number:
                sleep(SETTLE_S)
            for name, document in step.items():
                self.request(name, "PUT", "/control/links", document)
            progress(text)
        return sum(len(document.into) for document in documents.values())

    # ── Errors, alerts, dead letters ────────────────────────────────────────────────────────────────────────
    def errors(self, after: dict[str, int] | None = None) -> tuple[list[tuple[str, FoldedError]], dict[str, int]]:
        """Folded errors of all clouds that came after the positions, by time; and the new positions."""
        positions = dict(after or {})
        found = []
        for cloud in self.config.clouds:
            try:
                errors = self._errors(cloud, positions.get(cloud, 0))
            except SandboxError:
                continue  # what it has to say is kept until it is back
            while errors:
                found += [(cloud, error) for error in errors]
                positions[cloud] = max(int(error.key.rpartition("#")[2]) for error in errors)
                errors = self._errors(cloud, positions[cloud]) if len(errors) == _PAGE else []
        return sorted(found, key=lambda pair: pair[1].last or 0.0), positions

    def _errors(self, cloud: str, after: int) -> list[FoldedError]:
        answer = self.request(cloud, "GET", f"/control/errors?after={after}&limit={_PAGE}")
        return msgspec.convert(answer["errors"], list[FoldedError])

    def alerts(self, after: int | None = None) -> list[dict[str, Any]]:
        """Alerts that rules raised, in their order: the next 500 after a number, of all after 0; without a number the
        latest 500.
        """
        path = "/control/alerts?limit=500" if after is None else f"/control/alerts?limit=500&after={after}"
        alerts: list[dict[str, Any]] = self.request(self.cloud_of(Slot.PROCESSING), "GET", path)["alerts"]
        return alerts

    def dead_letters(self, cloud: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
        """Every dead letter, cloud by cloud."""
        for name in (cloud,) if cloud else tuple(self.config.clouds):
            after = ""
            while page := self.request(name, "GET", f"/control/dead-letters?{urlencode({'after': after})}")["letters"]:
                yield from ((name, letter) for letter in page)
                after = page[-1]["id"]

    def dead_letter(self, id: str) -> tuple[str, dict[str, Any]]:
        """One dead letter with its body, wherever it lies; an id may be shortened to where it is still unique."""
        cloud, whole = self._found((id,))[0]
        return cloud, self.request(cloud, "GET", f"/control/dead-letters/{quote(whole)}")

    def _found(self, ids: tuple[str, ...]) -> list[tuple[str, str]]:
        """The cloud and the whole id of each of these letters."""
        known = [(cloud, str(letter["id"])) for cloud, letter in self.dead_letters()]
        found = []
        for id in ids:
            matches = [match for match in known if id and match[1].startswith(id)]
            if len(matches) != 1:
                problem = "no dead letter has that id" if not matches else f"{len(matches)} dead letters begin so"
                raise UsageError(f"'{id[:64]}': {problem}; `twin2multicloud sandbox dead-letters list` shows them")
            found += matches
        return found

    def replay(self, ids: tuple[str, ...] = (), *, all: bool = False) -> dict[str, Any]:
        """Put dead letters back where they came from."""
        return self._letters("replay", ids, all, ("replayed", "kept"))

    def drop(self, ids: tuple[str, ...] = (), *, all: bool = False) -> dict[str, Any]:
        """Throw dead letters away."""
        return self._letters("drop", ids, all, ("dropped",))

    def _letters(self, verb: str, ids: tuple[str, ...], all: bool, keys: tuple[str, ...]) -> dict[str, Any]:
        done: dict[str, list[Any]] = {key: [] for key in keys}
        chosen: dict[str, list[str]] = {cloud: [] for cloud in self.config.clouds}
        for cloud, id in self._found(ids) if ids else ():
            if id not in chosen[cloud]:
                chosen[cloud].append(id)
        for cloud, its in chosen.items():
            if its or all:
                answer = self.request(cloud, "POST", f"/control/dead-letters/{verb}", {"ids": its, "all": all})
                for key in keys:
                    done[key] += answer[key]
        return done

    # ── Commands and meters ─────────────────────────────────────────────────────────────────────────────────
    def command(self, device: str, name: str, payload: dict[str, Any], id: str = "") -> str:
        """Send a command to a device from where processing is; its id."""
        body = {"device": device, "name": name, "payload": payload, "id": id}
        sent: str = self.request(self.cloud_of(Slot.PROCESSING), "POST", "/control/commands", body)["id"]
        return sent

    def result(self, device: str, id: str) -> dict[str, Any] | None:
        """What a device answered to a command: status, message, at; None if it has not answered yet."""
        path = f"/control/results/{quote(device, safe='')}/{quote(id, safe='')}"
        found: dict[str, Any] | None = self.request(self.cloud_of(Slot.PROCESSING), "GET", path)["result"]
        return found

    def probe(self, id: str) -> None:
        """Send a probe of this id on the way of telemetry, to be seen in the hot store. What stands in its way at the
        beginning is a `UsageError`.
        """
        path = quote(id, safe="")
        self.request(self.cloud_of(Slot.HOT), "PUT", f"/control/watch/{path}")
        self.request(self.cloud_of(Slot.ACQUISITION), "POST", f"/control/probe/{path}")

    def probed(self, id: str) -> float | None:
        """When a probe was seen in the hot store (wall clock); None if it was not."""
        path = f"/control/watch/{quote(id, safe='')}"
        seen: dict[str, float] = self.request(self.cloud_of(Slot.HOT), "GET", path)["seen"]
        link = self.blueprint.by_edge.get("persist")
        return seen.get("persist-receiver" if link is not None and link.apart else "process")

    def run_now(self, name: str) -> None:
        """Start a scheduled function (a mover, a lifecycle rule) at once, wherever it is; waits until it has run."""
        for cloud in self.config.clouds:
            try:
                self.request(cloud, "POST", f"/control/run/{quote(name)}")
                return
            except UsageError:
                continue
        raise UsageError(f"no cloud has a scheduled function '{name}'")

    def meters(self) -> dict[str, tuple[str, float]]:
        """Each cloud's counters (a meter book's snapshot) and the twin seconds they cover."""
        found = {}
        for cloud in self.config.clouds:
            answer = self.request(cloud, "GET", "/control/meters")
            found[cloud] = (str(answer["snapshot"]), float(answer["elapsed_s"]))
        return found


# Clouds are asked at once, also by a process that loads this when it is first asked about a sandbox.
prepare_structs()
