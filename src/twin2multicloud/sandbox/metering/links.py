"""Links: what crosses from one cloud or region to another."""

from __future__ import annotations

from twin2multicloud.blueprint.kinds import Relation
from twin2multicloud.blueprint.plan import Blueprint, PlannedLink
from twin2multicloud.sandbox.metering.base import SECONDS_PER_MONTH
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.hooks import Amount

EGRESS = {"aws": "aws.egress.internet", "azure": "azure.egress.internet", "gcp": "gcp.egress.internet"}
"""Traffic to other clouds leaves over the internet."""

COUNTERS = ("messages", "posts", "raw-bytes", "body-bytes", "wire-bytes")


class CountedLink:
    """A link's meter. Its counters belong to the component `<source slot>/<edge>-traffic`."""

    def __init__(self, link: PlannedLink, blueprint: Blueprint, book: MeterBook) -> None:
        self.link = link
        self.component_id = f"{link.source.value}/{link.edge}-traffic"
        self._cells = [book.cell(f"link.{name}", self.component_id) for name in COUNTERS]
        provider = blueprint.places[link.source].provider.value
        self.meter = EGRESS[provider] if link.relation is Relation.CLOUD else f"{provider}.transit"
        self._egress = book.cell(self.meter, self.component_id)

    def sent(self, wire_bytes: int, messages: int = 0, raw_bytes: int = 0, body_bytes: int = 0) -> None:
        """See `LinkMeter.sent`."""
        for cell, amount in zip(self._cells, (messages, 1, raw_bytes, body_bytes, wire_bytes), strict=True):
            cell.add(amount)
        self._egress.add(wire_bytes)

    def month(self, elapsed_s: float) -> dict[str, Amount]:
        """Bytes a month on the egress meter, or on `<provider>.transit` between regions of one cloud."""
        return {self.meter: Amount(self._egress.value * SECONDS_PER_MONTH / elapsed_s)}
