"""What a person should know before trusting a result."""

from __future__ import annotations

from twin2multicloud.blueprint.catalog import CLOUDS
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.placement import Placement
from twin2multicloud.optimizer.bill.invoice import Invoice
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.result import Ranked
from twin2multicloud.optimizer.pricing.meters import LIST_POLICY, Figure

UNVERIFIED_SHARE = 0.05
"""A result says so when more than this share of the bill rests on unverified figures (confidence D)."""


def warnings_for(
    constraints: Constraints,
    market: Market,
    placement: Placement,
    usd_per_month: float,
    bill: Invoice,
    unpinned: Ranked | None,
) -> tuple[str, ...]:
    """The warnings of a result, most important first."""
    found: list[str] = []
    if unpinned is not None and usd_per_month > unpinned.usd_per_month + 0.005:
        extra = usd_per_month - unpinned.usd_per_month
        pins = ", ".join(f"{slot}={pin}" for slot, pin in constraints.pins.items())
        found.append(f"pinning {pins} adds ${extra:,.2f} / month to the optimum of ${unpinned.usd_per_month:,.2f}")
    unverified = bill.unverified_usd
    if usd_per_month > 0 and unverified > UNVERIFIED_SHARE * usd_per_month:
        meters = sorted((line for line in bill.lines if line.confidence == "D"), key=lambda line: -line.usd)
        largest = ", ".join(f"{line.meter} in {line.region}" for line in meters[:3])
        found.append(
            f"{unverified / usd_per_month:.0%} of the bill (${unverified:,.2f}) rests on unverified prices "
            f"(confidence D), most of it {largest}"
        )
    if constraints.egress_policy != LIST_POLICY:
        for provider in placement.providers:
            region = next(c.region for _, c in placement.items() if c.provider is provider)
            figure = market.book.figure(CLOUDS[provider].egress_meter, region, constraints.egress_policy)
            if isinstance(figure, Figure) and figure.fallback:
                found.append(
                    f"{provider.label} publishes no EU Data Act rate for {region}: "
                    "its traffic is billed at list prices, which is an upper bound"
                )
    return tuple(found)
