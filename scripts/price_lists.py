"""A price list on this machine in which some prices differ from the book's, as they may, and some are odd."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.fetching.selectors import load_selectors

REGION: Final = "eu-central-1"


@contextmanager
def replayed() -> Iterator[str]:
    """Its address, AWS's list of `REGION`, until the block ends: Lambda costs a tenth less, and five prices are odd."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.pricing.live.aws_lists import lists_of
    from tests.pricing.live.replay import serving

    lists = lists_of(load_book(), load_selectors(Provider.AWS), (REGION,))
    for row in lists.rows["AWSLambda", REGION]:
        row.tiers = [(start, usd * 0.9) for start, usd in row.tiers]
    for rows in lists.rows.values():
        for row in rows:
            row.sku = hashlib.sha256(row.sku.encode()).hexdigest()[:16].upper()  # as opaque as theirs
    queue = lists.row("AWSQueueService", REGION, "EUC1-Requests-Tier1")
    queue.tiers = [(start, usd * 1.6) for start, usd in queue.tiers]
    lists.row("AmazonKinesis", REGION, "EUC1-OnDemand-BilledIncomingBytes").unit = "MB"
    stored = lists.row("AmazonS3", REGION, "EUC1-TimedStorage-ByteHrs")
    stored.tiers = [(0, 0.0225), (51200, 0.0235), (512000, 0.0245)]
    lists.row("AWSEvents", REGION, "EUC1-Event-64K-Chunks").tiers = [(0, 0)]
    lists.rows["AmazonSNS", REGION].clear()
    with serving(lists.files()) as server:
        yield server.url
