"""The assumptions that a run measured: engineering figures to plan the next bill with, instead of the defaults."""

from __future__ import annotations

from collections.abc import Iterable

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.metering.book import MeterBook

_MESSAGE_EDGES = ("telemetry", "persist")
_OBJECT_EDGES = ("to-cool", "to-archive")
_COMPRESSED_EDGES = ("telemetry", "persist", "twin-updates", "commands", "history", "state")


def measured_assumptions(blueprint: Blueprint, book: MeterBook) -> dict[str, float]:
    """Values for fields of `model.assumptions.Assumptions`; those that the run says nothing about are absent."""
    run = _Run(blueprint, book)
    payload = run.mean("L1/gateway", "payload")
    found: dict[str, float | None] = {
        "envelope_bytes": _less(run.message_bytes(), payload),
        "record_overhead_bytes": _less(run.mean("L3.hot/hot", "record"), payload),
        "link_compression": run.ratio(_COMPRESSED_EDGES, "body-bytes", "raw-bytes"),
        "link_overhead_bytes": run.link_overhead(_COMPRESSED_EDGES),
        "object_overhead_bytes": _less(run.link_overhead(_OBJECT_EDGES), run.link_overhead(_COMPRESSED_EDGES)),
        "object_compression": run.object_compression(payload),
        "command_bytes": run.mean("L1/gateway", "command"),
        "event_bytes": run.mean("L2/alerts", "event"),
        "query_response_bytes": run.mean("L4/graph", "answer"),
        "twin_updates_per_message": run.per_message("L4/graph", "update"),
        "error_share": run.per_message("L2/errors", "event"),
    }
    return {name: value for name, value in found.items() if value is not None}


class _Run:
    def __init__(self, blueprint: Blueprint, book: MeterBook) -> None:
        self._blueprint = blueprint
        self._amounts = book.amounts()

    def mean(self, component: str, what: str) -> float | None:
        """Bytes of one of something."""
        return _over(self._of(f"{what}-bytes", component), self._of(f"{what}-count", component))

    def per_message(self, component: str, what: str) -> float | None:
        """How many of something came of each message; None where nothing came in."""
        return _over(self._of(f"{what}-count", component), self._of("payload-count", "L1/gateway"))

    def ratio(self, edges: Iterable[str], above: str, below: str) -> float | None:
        """One counter over another, of some links together."""
        some = list(edges)
        return _over(self._links(some, above), self._links(some, below))

    def message_bytes(self) -> float | None:
        """Bytes of a message in its envelope; of a twin update where no message crosses a link, as bills take both for
        the same."""
        whole = self.ratio(_MESSAGE_EDGES, "raw-bytes", "messages")
        return whole if whole is not None else self.ratio(("twin-updates",), "raw-bytes", "messages")

    def link_overhead(self, edges: Iterable[str]) -> float | None:
        """Bytes of a POST besides its body."""
        some = list(edges)
        wire = self._links(some, "wire-bytes") - self._links(some, "body-bytes")
        return _over(wire, self._links(some, "posts"))

    def object_compression(self, payload: float | None) -> float | None:
        """Bytes of objects over those of the records in them, which are events in their envelopes."""
        moved = self._of("messages", f"{Slot.HOT}/to-cool-mover")
        envelope = self.message_bytes()
        if envelope is None and payload is not None:
            # Nothing crossed a link: envelopes are as large as assumed.
            envelope = payload + self._blueprint.assumptions["envelope_bytes"]
        return None if envelope is None else _over(self._of("object-bytes", f"{Slot.COOL}/cool"), moved * envelope)

    def _links(self, edges: Iterable[str], counter: str) -> float:
        links = (self._blueprint.by_edge[edge] for edge in edges)
        return sum(self._of(f"link.{counter}", f"{link.source}/{link.edge}-traffic") for link in links)

    def _of(self, counter: str, component: str) -> float:
        return self._amounts.get((counter, component), 0.0)


def _over(above: float, below: float) -> float | None:
    return above / below if below > 0 and above >= 0 else None


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else max(a - b, 0.0)
