"""Move: hot → cool → archive. Copy, verify, then delete; at most one window of one shard in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.envelope import Event, encode
from twin2multicloud.runtime.failures import LinkError, StoreError
from twin2multicloud.runtime.handlers.archive import ObjectPost, digest_of
from twin2multicloud.runtime.handlers.link_trouble import LinkTrouble
from twin2multicloud.runtime.link_client import LinkClient
from twin2multicloud.runtime.links import MAX_BODY_BYTES, compress
from twin2multicloud.runtime.ports import HotStore, ObjectStore, Reporter, StoredObject
from twin2multicloud.runtime.times import to_time

MOST_RECORD_BYTES: Final = 16 * 2**20
"""Uncompressed bytes of one object; a window with more is cut into several."""

_DAY_US: Final = 86_400_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

OBJECT_TYPE: Final = "application/x-ndjson+gzip"


class Target(Protocol):
    """Where a mover puts objects: the tier next door, or the receiver at the other end of a link."""

    def put_away(self, post: ObjectPost, body: bytes) -> dict[str, Any]:
        """As `Shelf.put_away`."""


class LinkTarget:
    """The tier at the other end of a link. Raises `HandlerError` when the POST fails for now.

    `sent` is told each POST: records, bytes of the object, bytes on the wire.
    """

    def __init__(
        self,
        edge: str,
        client: LinkClient,
        component: str,
        reporter: Reporter,
        sent: Callable[[int, int, int], None],
    ) -> None:
        self._edge = edge
        self._client = client
        self._component = component
        self._reporter = reporter
        self._sent = sent

    def put_away(self, post: ObjectPost, body: bytes) -> dict[str, Any]:
        """Post the object; the peer's answer."""
        meta = msgspec.json.encode(post).decode()
        trouble = LinkTrouble(self._edge, self._component, self._reporter)
        try:
            answer = self._client.post(
                self._edge, body, content_type=OBJECT_TYPE, meta=meta, packed=True, troubled=trouble
            )
        except LinkError as error:
            # The records stay where they are and come again, whatever the peer objects to.
            raise trouble.failed(error) from error
        self._sent(post.count, len(body), answer.wire_bytes)
        try:
            value = msgspec.json.decode(answer.body)
        except ValueError:
            return {}  # not our receiver's answer, so nothing is verified
        return value if isinstance(value, dict) else {}


@dataclass
class Moved:
    """What a run moved: records and objects, their stored bytes, and whether it ended because nothing was left."""

    records: int = 0
    objects: int = 0
    bytes: int = 0
    complete: bool = True


def window_name(start: str, window_us: int) -> str:
    """A window's start as keys spell it, so that they sort by time; with its fraction if windows are that short."""
    name = start.replace(":", "").removesuffix("Z")
    return name if window_us % 1_000_000 else name.split(".")[0]


def shard_of(device: str, shards: int) -> int:
    """The shard a device belongs to, the same everywhere."""
    return int.from_bytes(hashlib.blake2b(device.encode(), digest_size=4).digest(), "big") % shards


class HotToCool:
    """Moves records that are older than the hot age. Each run works until nothing is left or `seconds` are over."""

    def __init__(
        self,
        spec: TwinSpec,
        hot: HotStore,
        target: Target | None,
        *,
        now: Callable[[], float],
        monotonic: Callable[[], float],
        shards: int = 1,
        seconds: float = 600.0,
        most_bytes: int = MOST_RECORD_BYTES,
        step: Callable[[str], None] = lambda _step: None,
    ) -> None:
        """`target` None: nothing comes after hot, records are deleted. `step` is told each step, for tests to kill."""
        self._spec = spec
        self._hot = hot
        self._target = target
        self._now = now
        self._monotonic = monotonic
        self._seconds = seconds
        self._step = step
        self._most_bytes = most_bytes
        self._window_us = max(round(_DAY_US / spec.batching.mover_runs_per_day), 1)
        by_shard: dict[int, list[str]] = {}
        for device in spec.device_names:
            by_shard.setdefault(shard_of(device, shards), []).append(device)
        self._devices = sorted(by_shard.items())

    def __call__(self) -> Moved:
        """One run."""
        done = Moved()
        deadline = self._monotonic() + self._seconds
        # Only windows that are over altogether: the youngest record of a moved window has the age, too.
        old = to_time(self._now() - self._spec.retention.hot_s)
        before = _time(_microseconds(old) // self._window_us * self._window_us)
        for shard, devices in self._devices:
            while True:
                if self._monotonic() > deadline:
                    done.complete = False
                    return done
                first = self._hot.earliest(devices, before)
                if first is None:
                    break
                start = _microseconds(first) // self._window_us * self._window_us
                self._window(shard, devices, start, done)
        return done

    def _window(self, shard: int, devices: Sequence[str], start_us: int, done: Moved) -> None:
        start, stop = _time(start_us), _time(start_us + self._window_us)
        events = self._hot.between(devices, start, stop)
        prefix = f"{window_name(start, self._window_us)}/shard-{shard}"
        objects = iter([(events, b"")]) if self._target is None else _objects(events, self._most_bytes)
        for part, body in objects:
            if self._target is not None:
                post = ObjectPost(prefix, len(part), digest_of(body), stop)
                self._step("packed")
                answer = self._target.put_away(post, body)
                if answer.get("digest") != post.digest or answer.get("stored") != len(part):
                    raise StoreError(f"{post.prefix}: the next tier answered {answer}, which is not what was sent")
                self._step("stored")
                done.objects += 1
                done.bytes += len(body)
            self._hot.delete(part)
            self._step("deleted")
            done.records += len(part)


def _microseconds(time: str) -> int:
    """Whole microseconds since 1970: windows begin at multiples of their length, exactly."""
    return (datetime.fromisoformat(time) - _EPOCH) // _MICROSECOND


def _time(microseconds: int) -> str:
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _objects(events: Sequence[Event], most_bytes: int) -> Iterator[tuple[list[Event], bytes]]:
    """A window's records as objects; one that is too large is cut, before or after it is packed. However a retry cuts,
    the shelf stores no record twice."""
    part: list[Event] = []
    lines: list[bytes] = []
    size = 0
    for event in events:
        line = encode(event) + b"\n"
        if part and size + len(line) > most_bytes:
            yield from _packed(part, lines)
            part, lines, size = [], [], 0
        part.append(event)
        lines.append(line)
        size += len(line)
    if part:
        yield from _packed(part, lines)


def _packed(events: list[Event], lines: list[bytes]) -> Iterator[tuple[list[Event], bytes]]:
    body = compress(b"".join(lines))
    if len(body) <= MAX_BODY_BYTES or len(events) == 1:
        yield events, body
        return
    half = len(events) // 2
    yield from _packed(events[:half], lines[:half])
    yield from _packed(events[half:], lines[half:])


class CoolToArchive:
    """Moves whole objects that are older than the cool age to an archive elsewhere.

    (At one place the cloud's own lifecycle rule changes their class; no mover runs.)
    """

    def __init__(
        self,
        spec: TwinSpec,
        cool: ObjectStore,
        target: Target | None,
        *,
        now: Callable[[], float],
        monotonic: Callable[[], float],
        seconds: float = 600.0,
        step: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._spec = spec
        self._cool = cool
        self._target = target
        self._now = now
        self._monotonic = monotonic
        self._seconds = seconds
        self._step = step

    def __call__(self) -> Moved:
        """One run."""
        done = Moved()
        deadline = self._monotonic() + self._seconds
        before = to_time(self._now() - self._spec.retention.cool_s)
        after = ""
        while True:
            page = self._cool.list("", after, 200)
            for stored in page:
                if self._monotonic() > deadline:
                    done.complete = False
                    return done
                if stored.key[:17] > before.replace(":", "")[:17]:
                    return done  # keys begin with their window's start: all that follow are younger
                self._one(stored, before, done)
            if len(page) < 200:
                return done
            after = page[-1].key

    def _one(self, listed: StoredObject, before: str, done: Moved) -> None:
        found = listed if listed.metadata.get("window_end") else self._cool.head(listed.key)
        if found is None or found.metadata.get("window_end", "9") > before:
            return
        count = int(found.metadata.get("count", "0"))
        if self._target is not None:
            try:
                body = self._cool.get(found.key)
            except KeyError:
                return  # another run was quicker
            if found.metadata.get("digest", "") not in ("", digest_of(body)):
                raise StoreError(f"{found.key}: its bytes are not those that were stored; it stays where it is")
            post = ObjectPost(found.key, count, digest_of(body), found.metadata["window_end"])
            answer = self._target.put_away(post, body)
            if answer.get("digest") != post.digest or answer.get("stored") != count:
                raise StoreError(f"{found.key}: the archive answered {answer}, which is not what was sent")
            self._step("stored")
            done.bytes += len(body)
        self._cool.delete(found.key)
        self._step("deleted")
        done.objects += 1
        done.records += count
