"""What a change of a twin may come to: the rules of a policy file, and which of them it breaks.

max_usd_per_month: 500
max_increase_pct: 10
max_gco2_per_month: 20000
allowed_providers: [aws, azure]
allowed_regions: [eu-central-1, westeurope]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from twin2multicloud.app.report.figures import grams_text, share
from twin2multicloud.app.revisions.comparing import Comparison
from twin2multicloud.model.constraints import ProviderName, RegionName
from twin2multicloud.model.documents import SUFFIXES, decoded, nearest_mark, read_source
from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.formats import parse, sniff
from twin2multicloud.model.names import unknown
from twin2multicloud.model.parsing import fail
from twin2multicloud.model.validation import validated, value_text
from twin2multicloud.optimizer.pricing.book import PriceBook

POLICY_FILE: Final = "policy.yaml"
"""Looked for beside the twin where no other is named."""
_CENT: Final = 0.005


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Policy(BaseModel):
    """The rules; None: there is no such rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_usd_per_month: Annotated[float | None, Field(ge=0, strict=True, description="Of the whole bill.")] = None
    max_increase_pct: Annotated[
        float | None, Field(ge=0, strict=True, description="By so many percent of the bill before at most.")
    ] = None
    max_gco2_per_month: Annotated[
        float | None, Field(ge=0, strict=True, description="Grams of CO2e of what is modelled, see docs/carbon.md.")
    ] = None
    allowed_providers: Annotated[
        tuple[ProviderName, ...] | None, BeforeValidator(_listed), Field(min_length=1, description="Clouds.")
    ] = None
    allowed_regions: Annotated[
        tuple[RegionName, ...] | None, BeforeValidator(_listed), Field(min_length=1, description="Of any cloud.")
    ] = None


@dataclass(frozen=True)
class Verdict:
    """A rule, what it allows and what is the case. `value` None: it could not be looked at, and `note` says why."""

    rule: str
    limit: float | tuple[str, ...]
    value: float | tuple[str, ...] | None
    ok: bool
    note: str = ""

    @property
    def open(self) -> bool:
        """Whether there was nothing to look at."""
        return self.value is None and self.ok

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.rule}: {self.note}"
        if isinstance(self.value, tuple) and isinstance(self.limit, tuple):
            allowed = ", ".join(self.limit)
            wrong = [name for name in self.value if name not in self.limit]
            verb = "of" if not wrong else "is not among" if len(wrong) == 1 else "are not among"
            return f"{self.rule}: {', '.join(wrong or self.value)} {verb} {allowed}"
        said = f"{self.rule}: {_text(self.rule, self.value)}, at most {_text(self.rule, self.limit)}"
        return f"{said} ({self.note})" if self.note else said


def read_policy(path: Path, book: PriceBook) -> Policy:
    """The policy in a file (YAML, JSON or TOML). `InvalidInputError` with every finding, names of regions that the
    price book does not know included: a misspelled one would allow less than somebody meant.
    """
    content, source = read_source(path)
    text = decoded(content, source)
    parsed = parse(text, SUFFIXES.get(path.suffix.lower()) or sniff(text), source)
    if not isinstance(parsed.value, dict):
        raise fail(source, f"is {value_text(parsed.value)}, not a mapping; write rules such as max_usd_per_month: 500")
    policy, findings = validated(Policy, parsed.value, locate=lambda at: nearest_mark(parsed.marks, at))
    findings = [*parsed.findings, *findings]
    if policy is not None:
        known = [region.code for region in book.regions.values()]
        findings += [
            Finding(f"allowed_regions[{number}]", unknown("region in the price book", code, known), code)
            for number, code in enumerate(policy.allowed_regions or ())
            if code not in known
        ]
        if not policy.model_fields_set:
            findings.append(Finding("", "has no rule; write at least one, such as max_usd_per_month: 500"))
    if policy is None or findings:
        raise InvalidInputError(source, findings)
    return policy


def judged(policy: Policy, found: Comparison) -> Iterator[Verdict]:
    """Every rule's verdict on the revision after."""
    after = found.after
    if policy.max_usd_per_month is not None:
        most = policy.max_usd_per_month
        yield Verdict("max_usd_per_month", most, after.usd_per_month, after.usd_per_month < most + _CENT)
    if policy.max_increase_pct is not None:
        yield _increase(policy.max_increase_pct, found)
    if policy.max_gco2_per_month is not None:
        yield _carbon(policy.max_gco2_per_month, found)
    choices = [choice for _, choice in after.placement.items()]
    if policy.allowed_providers is not None:
        allowed = tuple(provider.value for provider in policy.allowed_providers)
        used = tuple(provider.value for provider in after.placement.providers)
        yield Verdict("allowed_providers", allowed, used, set(used) <= set(allowed))
    if policy.allowed_regions is not None:
        regions = tuple(dict.fromkeys(choice.region for choice in choices))
        yield Verdict("allowed_regions", policy.allowed_regions, regions, set(regions) <= set(policy.allowed_regions))


def _increase(most: float, found: Comparison) -> Verdict:
    rule = "max_increase_pct"
    if found.before is None or found.change_usd is None:
        return Verdict(rule, most, None, ok=True, note="there is no revision before to compare with")
    if found.change_pct is None:
        free = found.change_usd < _CENT
        return Verdict(rule, most, 0.0 if free else None, free, "" if free else "it cost nothing before and does now")
    return Verdict(rule, most, found.change_pct, found.change_pct <= most + 1e-9)


def _carbon(most: float, found: Comparison) -> Verdict:
    rule, emitted = "max_gco2_per_month", found.after.footprint
    grams = emitted.gco2e_per_month
    if grams is None:
        places = ", ".join(emitted.unknown_regions)
        return Verdict(rule, most, None, ok=False, note=f"nobody publishes the grid's figure for {places}")
    note = f"{share(emitted.not_modelled_share, 1.0)} of the bill is not modelled"
    return Verdict(rule, most, grams, grams <= most * (1 + 1e-9), note)


def _text(rule: str, value: float | tuple[str, ...]) -> str:
    assert not isinstance(value, tuple)
    if rule.endswith("_pct"):
        return f"{value:+.1f} %" if value else "0 %"
    return grams_text(value) if "gco2" in rule else f"${value:,.2f}"
