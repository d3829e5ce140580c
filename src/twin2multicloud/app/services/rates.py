"""How much a twin has to do, from the last seconds of its clouds."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.schemas import watching as shapes
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services.watching import ask
from twin2multicloud.sandbox.watching.pulse import Beat

_MOST_STEPS: Final = 150
"""As many as a chart of ordinary width can show: each is a widget in every window that draws it."""
_NOW_S: Final = 10.0


def rates(backend: Backend, twin_id: str, target: Target, seconds: int) -> shapes.Rates:
    """Messages and errors per second over the last seconds of our time."""
    told = ask(backend, twin_id, target, lambda client: client.rates(seconds))
    clouds = {cloud: beats or [] for cloud, beats in (told.answer or {}).items()}
    silent = [cloud for cloud, beats in (told.answer or {}).items() if beats is None]
    live = told.answer is not None and len(silent) < len(told.answer)
    problem = told.problem or (f"no answer from {', '.join(silent)}" if silent else "")
    # Sandboxes are on this machine, whose clock is what their samples were taken by.
    now = time.time()
    step = max(math.ceil(seconds / _MOST_STEPS), 1)
    steps = math.ceil(seconds / step) if live else 0
    end = math.floor(now / step) * step
    ends = [end - step * number for number in reversed(range(steps))]
    return shapes.Rates(
        live=live,
        problem=problem,
        twin_time=told.twin_time,
        speed=told.speed,
        step_s=step,
        at=[datetime.fromtimestamp(each, UTC) for each in ends],
        total=_total(clouds, ends, step),
        clouds={
            cloud: shapes.RateSeries(
                messages=_means(beats, lambda beat: beat.devices + beat.links, ends, step),
                errors=_means(beats, lambda beat: beat.errors, ends, step),
            )
            for cloud, beats in clouds.items()
        },
        messages_per_s=_lately(clouds.values(), lambda beat: beat.devices, now),
        errors_per_s=_lately(clouds.values(), lambda beat: beat.errors, now),
    )


def _total(clouds: Mapping[str, Sequence[Beat]], ends: Sequence[float], step: int) -> shapes.RateSeries:
    def summed(of: Callable[[Beat], float]) -> list[float | None]:
        each = [_means(beats, of, ends, step) for beats in clouds.values()]
        return [_sum(values) for values in zip(*each, strict=True)]

    return shapes.RateSeries(messages=summed(lambda beat: beat.devices), errors=summed(lambda beat: beat.errors))


def _means(beats: Iterable[Beat], of: Callable[[Beat], float], ends: Sequence[float], step: int) -> list[float | None]:
    """The mean of each step; None where nothing was sampled. A single step without a sample is one whose sample came a
    moment late: it is as its neighbours are.
    """
    found: defaultdict[int, list[float]] = defaultdict(list)
    for beat in beats:
        found[math.ceil(beat.at / step)].append(of(beat))
    means = [_mean(found.get(round(end / step), ())) for end in ends]
    return [
        _between(means[number - 1], means[number + 1]) if mean is None and 0 < number < len(means) - 1 else mean
        for number, mean in enumerate(means)
    ]


def _between(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else (before + after) / 2


def _lately(clouds: Iterable[Sequence[Beat]], of: Callable[[Beat], float], now: float) -> float | None:
    return _sum([_mean([of(beat) for beat in beats if beat.at > now - _NOW_S]) for beats in clouds])


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _sum(values: Iterable[float | None]) -> float | None:
    """Of what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
