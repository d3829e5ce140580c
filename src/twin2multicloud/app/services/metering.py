"""What a sandbox has counted, and a month of it at the prices in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.services.prices import current
from twin2multicloud.model.errors import PriceError
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.metering.compare import Comparison, compare
from twin2multicloud.sandbox.metering.window import Window

Snapshots = Mapping[str, tuple[str, float]]
"""What each cloud has counted, and in how many of the twin's seconds (`SandboxClient.meters`)."""


@dataclass(frozen=True)
class Metered:
    """Twin seconds that the counts cover, and the month they make; None where there is none, as `problem` says."""

    elapsed_s: float
    month: Comparison | None
    problem: str = ""


def metered(backend: Backend, client: SandboxClient, snapshots: Snapshots | None = None) -> Metered:
    """All counts since the sandbox was made, beside what was predicted; of `snapshots` that were taken, if given.
    Raises what the client raises.
    """
    snapshots = client.meters() if snapshots is None else snapshots
    elapsed = max((seconds for _, seconds in snapshots.values()), default=0.0)
    window = Window.until_now(snapshots)
    if window.elapsed_s <= 0:
        return Metered(elapsed, None, "nothing has been counted yet; let the twin run for a few seconds")
    try:
        prices = current(backend).prices
        return Metered(elapsed, compare(client.blueprint, window.book, window.elapsed_s, prices, slots=client.built))
    except PriceError as error:
        return Metered(elapsed, None, str(error))


def compared(found: Comparison) -> list[dict[str, Any]]:
    """A month meter by meter, as it is told."""
    return [
        {
            "cloud": row.provider.value,
            "meter": row.meter,
            "region": row.region,
            "service": row.service,
            "dimension": row.dimension,
            "unit": row.unit,
            "predicted": row.usage.predicted,
            "metered": row.usage.metered,
            "ratio": row.usage.ratio,
            "usd_predicted": row.usd.predicted,
            "usd_metered": row.usd.metered,
            "verdict": row.verdict,
            "projected": row.projected,
            "planned": row.planned,
        }
        for row in found.rows
    ]
