"""Questions about uncertain workloads. The samples of one are optimized in parts, which several processes share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from twin2multicloud.app.optimizing.answers import encoded
from twin2multicloud.app.optimizing.reading import Asked, asked_about, read, read_placement
from twin2multicloud.app.optimizing.solver import Solver
from twin2multicloud.app.schemas.uncertainty import BreakevenInput, UncertaintyInput
from twin2multicloud.model.errors import Finding, InvalidInputError, UsageError
from twin2multicloud.model.formats import Format
from twin2multicloud.model.uncertain import Uncertain, uncertain
from twin2multicloud.model.uncertain_documents import UncertainDocument, parse_uncertain
from twin2multicloud.optimizer.sampling.as_json import course_json, study_json
from twin2multicloud.optimizer.sampling.breakeven import course
from twin2multicloud.optimizer.sampling.draw import draw
from twin2multicloud.optimizer.sampling.optima import Optima, Sampler
from twin2multicloud.optimizer.sampling.reach import check_range
from twin2multicloud.optimizer.sampling.study import merged, study


@dataclass(frozen=True)
class Part:
    """The optima of some samples as bytes: whoever passes them on needs no NumPy."""

    usd: bytes
    placement: bytes
    choices: bytes
    slots: int
    alone: int


def part(solver: Solver, given: UncertaintyInput, number: int, of: int) -> Part:
    """The optima of one of several parts of the samples."""
    asked, found = _read(given)
    sampler = Sampler(solver.of(asked))
    table = np.array_split(draw(found, given.samples, given.seed), of)[number]
    optima = sampler.optimize(table)
    choices = optima.choices
    return Part(
        optima.usd.tobytes(), optima.placement.tobytes(), choices.tobytes(), choices.shape[1], int(optima.alone)
    )


def _unpacked(found: Part) -> Optima:
    choices = np.frombuffer(found.choices, dtype=np.int64).reshape(-1, found.slots)
    return Optima(np.frombuffer(found.usd), np.frombuffer(found.placement, dtype=np.int64), choices, found.alone)


def uncertainty(solver: Solver, given: UncertaintyInput, parts: Sequence[Part]) -> bytes:
    """What is found of the samples, given the optima of all parts in their order."""
    asked, found = _read(given)
    sampler = Sampler(solver.of(asked))
    deployed = None if given.placement is None else read_placement(given.placement)
    table = draw(found, given.samples, given.seed)
    optima = merged([_unpacked(each) for each in parts])
    return encoded(study_json(study(sampler, found, table, optima, deployed), given.seed))


def breakeven(solver: Solver, given: BreakevenInput) -> bytes:
    """The optimum along one number."""
    asked = read(given)
    try:
        check_range(asked.workload, given.along, given.start, given.end)
    except UsageError as error:
        raise InvalidInputError("request", [Finding("along", str(error))]) from error
    found = course(Sampler(solver.of(asked)), asked.workload, given.along, given.start, given.end, points=given.points)
    return encoded(course_json(found))


def _read(given: UncertaintyInput) -> tuple[Asked, Uncertain]:
    correlations = [pair.model_dump() for pair in given.correlations]
    if given.source is None:
        asked = read(given)
        found, findings = uncertain(asked.workload, given.uncertain, correlations, prefix=("uncertain",))
        if found is None:
            raise InvalidInputError("request", findings)
        return asked, found
    document = _parsed(given.source, given.format)
    asked = asked_about(document.document, "Workload", given)
    spreads = {**document.spreads, **given.uncertain}
    found, findings = uncertain(asked.workload, spreads, [*document.correlations, *correlations], prefix=("uncertain",))
    if found is None:
        raise InvalidInputError("request", findings)
    return asked, found


@lru_cache(maxsize=8)
def _parsed(source: str, form: Format | None) -> UncertainDocument:
    return parse_uncertain(source, "source", form)
