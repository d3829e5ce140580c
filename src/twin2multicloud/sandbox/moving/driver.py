"""Moving a slot in the sandbox: documents are written, and all clouds' processes brought to do what these say.

A cloud that does not answer is waited for, for the supervisor starts it again; it does what the documents say then.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Final

import msgspec

from twin2multicloud.blueprint.plan import Place
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.driver import DriverError, Hold
from twin2multicloud.moving.letters import SlotLetters
from twin2multicloud.moving.move import Move, Places, Store, StoreKind, Transfer, after, bucket, transfers
from twin2multicloud.private_files import write_private
from twin2multicloud.runtime.ports import Command
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.connecting import gateways, write_connection, write_links
from twin2multicloud.sandbox.converging import PATIENCE_S, converge
from twin2multicloud.sandbox.journal import Notices
from twin2multicloud.sandbox.layout import CloudConfig, Layout
from twin2multicloud.sandbox.local_ports import SPEAK_MQTT, free_port
from twin2multicloud.sandbox.locks import SandboxError, await_release
from twin2multicloud.sandbox.moving.remote import (
    Caller,
    RemoteDeadLetters,
    RemoteHotStore,
    RemoteObjectStore,
    RemoteRuleStates,
    RemoteTwinGraph,
)
from twin2multicloud.sandbox.store_files import FILES, remove_store
from twin2multicloud.sandbox.transition import AHEAD, OUTBOXES, Transition

_OWN_QUEUES: Final = (Slot.ACQUISITION, Slot.PROCESSING)
"""Slots with queues of their own. Those that lead to the others stay where they are, and are never empty for long."""
_POLL_S: Final = 0.02
_END_S: Final = 15.0
_PAGE: Final = 200


class SandboxDriver:
    """See `moving.driver.Driver`."""

    def __init__(
        self,
        layout: Layout,
        *,
        patience_s: float = PATIENCE_S,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._layout = layout
        self._patience_s = patience_s
        self._sleep = sleep
        self._monotonic = monotonic

    @property
    def places(self) -> Places:
        """See `Driver.places`."""
        return self._layout.blueprint().places

    # ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────
    def build(self, move: Move) -> None:
        """See `Driver.build`."""
        target = move.target.provider
        if self._layout.transition() is None:
            moved = transfers(self.places, after(self.places, move))
            ahead = target if move.slot in AHEAD else None
            self._add(target.value, gateway=move.slot is Slot.ACQUISITION)
            self._write(Transition(move, moved, ahead=ahead))
        self._converge()

    def hold(self, move: Move, who: Hold) -> None:
        """See `Driver.hold`."""
        moving = self._transition()
        held = tuple(dict.fromkeys((*moving.held, who)))
        moving = msgspec.structs.replace(moving, move=move, held=held)
        if who is Hold.WRITERS and move.slot in AHEAD and self._at_source(move):
            moving = msgspec.structs.replace(moving, ahead=move.target.provider)
            if move.slot is Slot.ACQUISITION:
                moving = msgspec.structs.replace(moving, shut=move.source.provider)
        self._write(moving)
        self._converge()

    def under_way(self, move: Move) -> int:
        """See `Driver.under_way`."""
        names = OUTBOXES.get(move.slot, ())
        clouds = [move.source.provider.value] if move.slot in _OWN_QUEUES else list(self._layout.config().clouds)
        waiting = 0
        for cloud in clouds:
            found = self._patiently(cloud, "GET", "/control/move/waiting")
            waiting += sum(depth for name, depth in found["queues"].items() if name in names) + found["busy"]
        return waiting

    def carry(self, move: Move) -> int:
        """See `Driver.carry`."""
        source, target = move.source.provider.value, move.target.provider.value
        if move.slot is Slot.ACQUISITION:
            return self._carry_commands(source, target)
        return self._carry_notices(source, target) if move.slot is Slot.PROCESSING else 0

    def cut_over(self, move: Move) -> None:
        """See `Driver.cut_over`."""
        provider = move.target.provider.value
        moving = self._transition()
        for name, file in (("blueprint", self._layout.blueprint_file), ("placement", self._layout.placement_file)):
            write_private(file, (self._layout.moves / f"{name}.{provider}.json").read_bytes())
        self._write(msgspec.structs.replace(moving, move=move, ahead=None, shut=None))
        self._converge()

    def release(self, move: Move, who: Hold) -> None:  # noqa: ARG002  only one slot moves at a time
        """See `Driver.release`."""
        moving = self._layout.transition()
        if moving is None:
            return
        held = tuple(hold for hold in moving.held if hold is not who)
        shut = moving.shut if who is Hold.REMOVERS else None
        self._write(msgspec.structs.replace(moving, held=held, shut=shut))
        self._converge()

    def destroy(self, move: Move, place: Place) -> None:
        """See `Driver.destroy`."""
        provider = place.provider.value
        gone = transfers({**self.places, move.slot: place}, self.places)
        moving = self._layout.transition()
        if moving is not None:
            if move.slot is Slot.ACQUISITION and moving.ahead is place.provider:
                self._leave(move, place, gone)
            if move.slot in _OWN_QUEUES:
                self._await_rest(Move(move.slot, place, self.places[move.slot]))
            if move.slot is Slot.PROCESSING:
                self._patiently(provider, "DELETE", "/control/move/notices")
            if move.slot is Slot.ACQUISITION:
                # Whatever was on its way to a device there when the slot was cut over.
                self._carry_commands(provider, self.places[move.slot].provider.value)
            self._empty(gone)
            self._layout.transition_file.unlink()
        vacated = provider not in {p.provider.value for p in self.places.values()}
        config = self._layout.config()
        if vacated:
            config.clouds.pop(provider, None)
        elif move.slot is Slot.ACQUISITION and provider in config.clouds:
            config.clouds[provider].mqtt_port = 0
        self._layout.write_config(config)
        write_links(self._layout, config, time.time())
        self._converge(count_anew=True)
        self._remove(move, place, gone, vacated=vacated)

    # ── Stores ──────────────────────────────────────────────────────────────────────────────────────────────
    def hot(self, store: Store) -> RemoteHotStore:
        """See `Driver.hot`."""
        return RemoteHotStore(self._caller(store))

    def objects(self, store: Store) -> RemoteObjectStore:
        """See `Driver.objects`."""
        return RemoteObjectStore(self._caller(store))

    def graph(self, store: Store) -> RemoteTwinGraph:
        """See `Driver.graph`."""
        return RemoteTwinGraph(self._caller(store))

    def letters(self, store: Store) -> RemoteDeadLetters:
        """See `Driver.letters`."""
        return RemoteDeadLetters(self._caller(store))

    def states(self, store: Store) -> RemoteRuleStates:
        """See `Driver.states`."""
        return RemoteRuleStates(self._caller(store))

    def _caller(self, store: Store) -> Caller:
        config = self._layout.config()
        return Caller(config.clouds[store.place.provider.value].http_port, config.token, store)

    # ── Documents ───────────────────────────────────────────────────────────────────────────────────────────
    def _transition(self) -> Transition:
        found = self._layout.transition()
        if found is None:
            raise DriverError("no slot of this sandbox is being moved")
        return found

    def _at_source(self, move: Move) -> bool:
        return self.places[move.slot].provider is move.source.provider

    def _add(self, cloud: str, *, gateway: bool) -> None:
        """The target's cloud has a process, with a port for devices if it needs one."""
        config = self._layout.config()
        with ExitStack() as held:
            known = config.clouds.setdefault(cloud, CloudConfig(0))
            if not known.http_port:
                known.http_port = free_port(held, 0)
            if gateway and cloud in SPEAK_MQTT and not known.mqtt_port:
                known.mqtt_port = free_port(held, 0)
        self._layout.write_config(config)

    def _write(self, moving: Transition) -> None:
        """Write the move's document, and those that follow from it. `up` does the same, so a half is no harm."""
        layout, config = self._layout, self._layout.config()
        write_private(layout.transition_file, msgspec.json.encode(moving))
        write_connection(layout, config, gateways(layout.blueprint(), layout.built(), moving))
        write_links(layout, config, time.time())

    # ── Clouds ──────────────────────────────────────────────────────────────────────────────────────────────
    def _converge(self, *, count_anew: bool = False) -> None:
        """Every cloud does what the documents say."""
        late = converge(
            self._layout,
            count_anew=count_anew,
            patience_s=self._patience_s,
            sleep=self._sleep,
            monotonic=self._monotonic,
        )
        if late:
            raise DriverError(
                f"not all clouds follow: {'; '.join(late.values())}. `twin2multicloud sandbox up` starts what does not "
                "run; then resume the move"
            )

    def _patiently(self, cloud: str, method: str, path: str, body: Any = None) -> Any:
        """A request to a cloud, which may be starting again."""
        give_up = self._monotonic() + self._patience_s
        while True:
            try:
                return SandboxClient(self._layout).request(cloud, method, path, body)
            except (SandboxError, UsageError) as error:
                if self._monotonic() > give_up:
                    raise DriverError(str(error)) from error
                self._sleep(_POLL_S)

    # ── What no port shows ──────────────────────────────────────────────────────────────────────────────────
    def _carry_commands(self, source: str, target: str) -> int:
        """Commands that wait for devices: devices know those that they have, so twice is harmless."""
        carried = 0
        while waiting := self._patiently(source, "GET", "/control/move/commands"):
            commands = msgspec.convert(waiting, list[Command])[:_PAGE]
            self._patiently(target, "POST", "/control/move/commands", commands)
            self._patiently(source, "DELETE", "/control/move/commands", commands)
            carried += len(commands)
        return carried

    def _carry_notices(self, source: str, target: str) -> int:
        """Alerts, and devices' answers to commands."""
        carried = alert = result = 0
        while True:
            path = f"/control/move/notices?alert={alert}&result={result}"
            notices = msgspec.convert(self._patiently(source, "GET", path), Notices)
            found = len(notices.alerts) + len(notices.results)
            if not found:
                return carried
            self._patiently(target, "POST", "/control/move/notices", notices)
            carried += found
            alert, result = max(alert, notices.alert), max(result, notices.result)

    # ── Leaving ─────────────────────────────────────────────────────────────────────────────────────────────
    def _leave(self, move: Move, place: Place, gone: Sequence[Transfer]) -> None:
        """Devices are let in no more at a place that never became L1's; what they sent there arrives."""
        self._write(msgspec.structs.replace(self._transition(), shut=place.provider))
        self._converge()
        there = Move(move.slot, place, self.places[move.slot])
        self._await_rest(there)
        self.carry(there)
        for transfer in gone:
            letters, target = (SlotLetters(self.letters(s), s.owner) for s in (transfer.source, transfer.target))
            while page := letters.list():
                target.put(page)
                letters.remove([letter.id for letter in page])

    def _await_rest(self, move: Move) -> None:
        """Nothing waits at the source any more."""
        give_up = self._monotonic() + self._patience_s
        while waiting := self.under_way(move):
            if self._monotonic() > give_up:
                raise DriverError(
                    f"{waiting} messages wait in {move.source.provider.value}, where {move.slot.value} was, and do not "
                    "get through; see what keeps them, then resume the move"
                )
            self._sleep(_POLL_S)

    def _empty(self, gone: Sequence[Transfer]) -> None:
        """Of stores that stay, because another slot uses them too, what does not belong there any more goes."""
        for transfer in gone:
            if transfer.kind is StoreKind.LETTERS:
                letters = SlotLetters(self.letters(transfer.source), transfer.source.owner)
                while page := letters.list():
                    letters.remove([letter.id for letter in page])
            elif transfer.kind is StoreKind.OBJECTS and self._stays(transfer.source):
                self._delete_objects(transfer)

    def _delete_objects(self, transfer: Transfer) -> None:
        objects = self.objects(transfer.source)
        last = ""
        while page := objects.list("", last, _PAGE):
            for stored in page:
                if stored.storage_class == transfer.storage_class:
                    objects.delete(stored.key)
            last = page[-1].key

    def _stays(self, store: Store) -> bool:
        """Whether a slot that is placed now has its objects in this bucket."""
        return store in (bucket(self.places, Slot.COOL), bucket(self.places, Slot.ARCHIVE))

    def _remove(self, move: Move, place: Place, gone: Sequence[Transfer], *, vacated: bool) -> None:
        """The files of what is gone, when no process has them open."""
        layout, cloud = self._layout, place.provider.value
        directory = layout.cloud(cloud)
        if vacated:
            if not await_release(layout.cloud_lock(cloud), _END_S):
                raise DriverError(f"the process of {cloud} does not end; `twin2multicloud sandbox logs` may say why")
            shutil.rmtree(directory, ignore_errors=True)
            layout.cloud_lock(cloud).unlink(missing_ok=True)
        elif move.slot is Slot.ACQUISITION:
            remove_store(directory / "commands.db")
        for transfer in gone:
            # Not all of them are at `place`: a tier that shares its neighbour's bucket again leaves one there.
            name = FILES.get((transfer.kind, transfer.source.owner))
            if name is not None and not self._stays(transfer.source):
                remove_store(layout.cloud(transfer.source.place.provider.value) / name)
        for file in layout.moves.glob("*.json"):
            file.unlink()
