"""What was found about uncertain workloads, as plain JSON values; see docs/uncertainty.md."""

from __future__ import annotations

from typing import Any

from twin2multicloud.model.placement import Placement
from twin2multicloud.model.uncertain import Uncertain
from twin2multicloud.optimizer.bill.as_json import placement_json
from twin2multicloud.optimizer.sampling.breakeven import Course
from twin2multicloud.optimizer.sampling.figures import Distribution
from twin2multicloud.optimizer.sampling.study import Candidate, Study

Json = dict[str, Any]


def study_json(found: Study, seed: int) -> Json:
    """A study. Placements are numbered by their place in `candidates`."""
    return {
        "samples": found.samples,
        "seed": seed,
        "impossible": found.impossible,
        "uncertain": uncertain_json(found.given),
        "workload": found.given.base.model_dump(mode="json"),
        "typical": {
            "usd_per_month": found.typical.usd_per_month,
            "placement": placement_json(found.typical.placement),
        },
        "price_book": {
            "version": found.typical.price_book.version,
            "date": found.typical.price_book.date,
            "hash": found.typical.price_book.content_hash,
        },
        "optimum": None if found.optimum is None else distribution_json(found.optimum),
        "distinct_placements": found.distinct,
        "candidates": [_candidate(candidate) for candidate in found.candidates],
        "least_expected_cost": found.least_mean,
        "least_maximal_regret": found.least_regret,
        "tornado": [
            {
                "field": swing.field,
                "low": swing.low,
                "high": swing.high,
                "ends": "p5_p95" if swing.quantiles else "range",
                "optimum_usd": list(swing.optimum),
                "fixed_usd": list(swing.fixed),
                "placements": [_placement(placement) for placement in swing.placements],
            }
            for swing in found.swings
        ],
        "drivers": [
            {"field": d.field, "first_order": d.first_order, "rank_correlation": d.rank_correlation}
            for d in found.drivers
        ],
        "solved_alone": found.alone,
    }


def uncertain_json(given: Uncertain) -> Json:
    """Spreads and correlations as they were understood."""
    return {
        "spreads": {
            name: {"shape": spread.kind, **spread.model_dump(mode="json", exclude_none=True, exclude={"shape"})}
            for name, spread in given.spreads.items()
        },
        "correlations": [{"between": list(pair.between), "r": pair.r} for pair in given.correlations],
    }


def distribution_json(found: Distribution) -> Json:
    """A cost's distribution, USD per month, with standard errors."""
    figures = {name: getattr(found, name) for name in ("mean", "p5", "p50", "p95")}
    return {name: {"usd": figure.value, "se": figure.se} for name, figure in figures.items()} | {"sd": found.sd}


def _candidate(found: Candidate) -> Json:
    regret = found.regret
    return {
        "placement": placement_json(found.placement),
        "roles": list(found.roles),
        "best": {"probability": found.best.value, "low": found.best.low, "high": found.best.high},
        "fits": found.fits,
        "usd": None if found.usd is None else distribution_json(found.usd),
        "regret": None if regret is None else {"mean": regret.mean, "p95": regret.p95, "max": regret.most},
    }


def _placement(placement: Placement | None) -> Json | None:
    return None if placement is None else placement_json(placement)


def course_json(found: Course) -> Json:
    """The optimum along one number."""
    return {
        "along": found.field,
        "points": found.points,
        "complete": found.complete,
        "slack": found.slack,
        "stretches": [
            {
                "from": stretch.start,
                "to": stretch.end,
                "usd": [stretch.start_usd, stretch.end_usd],
                "placement": _placement(stretch.placement),
            }
            for stretch in found.stretches
        ],
        "breakevens": [
            {
                "below": change.below,
                "above": change.above,
                "usd": [change.below_usd, change.above_usd],
                "messages_per_day": change.messages_per_day,
                "changes": _differing(change.before, change.after),
            }
            for change in found.changes
        ],
    }


def _differing(before: Placement | None, after: Placement | None) -> list[Json]:
    """Slot by slot what is filled otherwise; nothing where one of them is impossible."""
    if before is None or after is None:
        return []
    first, second = placement_json(before), placement_json(after)
    return [
        {"slot": slot.value, "from": first[slot.value], "to": second[slot.value]} for slot in before.differing(after)
    ]
