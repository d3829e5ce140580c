"""What the contract suites share.

A suite is a class that does not begin with "Test", so it is collected only where an adapter's test module subclasses
it. The subclass supplies one fixture, a factory that opens the adapter over one and the same place each time it is
called; the suites call it twice where a second process of the same function is meant.

The suites assume nothing of the place but what `runtime.ports` promises: other tests may use it at the same time,
so every name is unique; a place may be slow, so writes are few and bulk sizes are class attributes.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Final, TypeVar

import msgspec

from twin2multicloud.runtime.envelope import TELEMETRY, Event, source_of

T = TypeVar("T")

NUMBERS: Final[dict[str, Any]] = {
    "tenth": 0.1,
    "tiny": 1e-300,
    "negative_zero": -0.0,
    "denormal": 5e-324,
    "huge": 1e308,
    "seventeen_digits": 0.30000000000000004,
    "whole_float": 1.0,
    "zero": 0,
    "negative": -17,
    "beyond_double": 2**53 + 1,
    "int64": 2**63 - 1,
    "int64_low": -(2**63),
    "uint64": 2**64 - 1,
    "bigger": 2**70 + 1,
}
TEXTS: Final[dict[str, Any]] = {
    "empty": "",
    "blank": " \t\n",
    "umlauts": "Größe",
    "astral": "\U0001f3e2\U0001d11e",
    "combining": "e\u0301 is not \u00e9",
    "right_to_left": "\u05e9\u05dc\u05d5\u05dd",
    "control": "\u0000\u0001\u001f\u007f\u2028",
    "quotes": "\"'\\/`$${}",
    "like_a_number": "00012.50",
    "like_a_time": "2026-11-25T12:00:00Z",
}
NESTED: Final[dict[str, Any]] = {
    "null": None,
    "yes": True,
    "no": False,
    "object": {"a": {"b": {"c": [1, 2.0, "three", None, {"d": []}]}}, "none": None},
    "array": [[], [[]], {}, "", None, 0, -0.0, False],
    "empty_object": {},
    "empty_array": [],
}
ODD_KEYS: Final[dict[str, Any]] = {
    key: number
    for number, key in enumerate(
        (
            "",
            " ",
            "a.b",
            "a/b",
            "a\\b",
            "$ref",
            "$set",
            "__name__",
            "_etag",
            "id",
            "time",
            "device",
            "PartitionKey",
            "#",
            "?x=1&y=%20",
            "~`[]*'\"",
            "ключ",
            "\U0001f511",
            "e\u0301",
            "\u00e9",
            "k" * 300,
        )
    )
}
PAYLOADS: Final[dict[str, dict[str, Any]]] = {
    "numbers": NUMBERS,
    "texts": TEXTS,
    "nested values": NESTED,
    "odd keys": ODD_KEYS,
    "nothing": {},
}


class Contract:
    """Base of all suites."""

    settle_s: ClassVar[float] = 0.0
    """How long listings, graph queries and deliveries may lag behind a write at this adapter's service."""
    many: ClassVar[int] = 25
    """Size of a bulk write."""
    racers: ClassVar[int] = 4
    """Threads in a race, each with an adapter of its own."""

    def eventually(self, read: Callable[[], object], expected: object) -> None:
        """Assert that what is read becomes as expected within `settle_s` (at once, where that is 0)."""
        deadline = time.monotonic() + self.settle_s
        found = read()
        while found != expected and time.monotonic() < deadline:
            time.sleep(0.05)
            found = read()
        assert found == expected

    def race(self, racers: list[Callable[[], T]]) -> list[T]:
        """Run all at the same time; their results in order."""
        with ThreadPoolExecutor(len(racers)) as pool:
            return [future.result(timeout=60) for future in [pool.submit(racer) for racer in racers]]


def unique(name: str) -> str:
    """A name that no other test uses; names made from it sort right behind it."""
    return f"{name}-{uuid.uuid4().hex[:12]}"


def exact(value: Any) -> bytes:
    """Equal only if every value is: tells 1 from 1.0 and -0.0 from 0.0."""
    return msgspec.json.encode(value, order="sorted")


def at(seconds: float) -> str:
    """A time, as text: so many seconds (below 3600) after noon."""
    micros = round(seconds * 1e6)
    minutes, rest = divmod(micros, 60_000_000)
    return f"2026-11-25T12:{minutes:02d}:{rest // 1_000_000:02d}.{rest % 1_000_000:06d}Z"


def record(device: str, time: str, id: str = "", data: Any = None, trace: str = "") -> Event:
    """A telemetry event, as the handlers store it."""
    return Event(
        id=id or uuid.uuid4().hex,
        source=source_of("contract", device),
        type=TELEMETRY,
        subject=device,
        time=time,
        data={"temperature": 21.5} if data is None else data,
        dataschema="dtmi:twin2multicloud:test:room;1",
        trace=trace,
    )
