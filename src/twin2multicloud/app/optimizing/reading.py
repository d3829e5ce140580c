"""From a question's body to what the optimizer works with; every problem named by its field in the body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from pydantic import ValidationError

from twin2multicloud.app.schemas.questions import ConstraintOptions, WorkloadQuestion
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.documents import WorkloadDocument, parse_workload
from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.formats import Format
from twin2multicloud.model.names import unknown
from twin2multicloud.model.options import narrowed
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.scenarios import SCENARIOS, scenario, scenario_names
from twin2multicloud.model.validation import findings_of, validated
from twin2multicloud.model.workload import Workload

_WORDS: Final = {"deny_providers": "deny", "egress_policy": "egress"}
"""Constraints that a question spells as the command line does."""
_FIELDS: Final = {word: field for field, word in _WORDS.items()}


@dataclass(frozen=True)
class Asked:
    """A question that was read: a workload under constraints and assumptions, and a title for people."""

    workload: Workload
    constraints: Constraints
    assumptions: Assumptions | None
    title: str

    def under(self, constraints: Constraints) -> Asked:
        """The same under other constraints."""
        return replace(self, constraints=constraints)


def read(question: WorkloadQuestion) -> Asked:
    """Read a question. Raises `InvalidInputError` with every finding, with lines where it has a text."""
    return asked_about(*_document(question), question)


def asked_about(document: WorkloadDocument, title: str, question: WorkloadQuestion) -> Asked:
    """What a question asks about a document."""
    return Asked(
        document.workload,
        constrained(document.constraints, question.constraints),
        _assumed(document.assumptions, question.assumptions),
        title,
    )


def _document(question: WorkloadQuestion) -> tuple[WorkloadDocument, str]:
    if question.scenario is not None:
        if question.scenario not in scenario_names():
            problem = unknown("built-in scenario", question.scenario, scenario_names())
            raise InvalidInputError("request", [Finding("scenario", problem, question.scenario)])
        found = scenario(question.scenario)
        return WorkloadDocument(found.name, found.workload), found.title
    if question.source is not None:
        return parsed(question.source, question.format), "Workload"
    workload, findings = validated(Workload, question.workload or {}, prefix=("workload",))
    if workload is None:
        raise InvalidInputError("request", findings)
    named = next((each.title for each in SCENARIOS if each.workload == workload), "Workload")
    return WorkloadDocument("request", workload), named


@lru_cache(maxsize=32)
def parsed(source: str, form: Format | None) -> WorkloadDocument:
    """What a text says of a workload; the last texts are remembered, since one is asked about again and again."""
    return parse_workload(source, "source", form)


def constrained(base: Constraints | None, options: ConstraintOptions, within: str = "constraints") -> Constraints:
    """Constraints on top of others; findings are named as the question spells them, in the field `within`."""
    start = base or Constraints()
    given = {
        _FIELDS.get(name, name): value
        for name in ConstraintOptions.model_fields
        if (value := getattr(options, name)) is not None
    }
    if not given:
        return start
    # Read on their own first, so that names are in one spelling before they meet those of the document.
    alone, findings = validated(Constraints, given)
    if alone is None:
        raise InvalidInputError("request", [_renamed(finding, within) for finding in findings])
    values: dict[str, Any] = {name: getattr(alone, name) for name in given}
    if "regions" in values:
        values["regions"] = {**start.regions, **alone.regions}
    if "pins" in values:
        values["pins"] = {**start.pins, **alone.pins}
    if "require" in values:
        values["require"] = (*start.require, *alone.require)
    try:
        return narrowed(start, values)
    except ValidationError as error:
        found = findings_of(error, Constraints, {})
        raise InvalidInputError("request", [_renamed(finding, within) for finding in found]) from error


def _renamed(finding: Finding, within: str) -> Finding:
    name, *rest = re.split(r"(?=[.\[])", finding.field, maxsplit=1)
    spelled = _WORDS.get(name, name) + "".join(rest)
    return replace(finding, field=".".join(part for part in (within, spelled) if part))


def _assumed(base: Assumptions | None, given: Mapping[str, int | float]) -> Assumptions | None:
    if not given:
        return base
    start = {} if base is None else base.model_dump()
    found, findings = validated(Assumptions, {**start, **given}, prefix=("assumptions",))
    if found is None:
        raise InvalidInputError("request", findings)
    return found


def read_placement(given: Mapping[str, Any], within: str = "placement") -> Placement:
    """A placement; `InvalidInputError` with every finding."""
    try:
        return Placement.model_validate(given)
    except ValidationError as error:
        findings = [
            Finding(
                ".".join([within, *(str(part) for part in each["loc"] if part != "[key]")]),
                str(each["msg"]).removeprefix("Value error, "),
            )
            for each in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidInputError("request", findings) from error
