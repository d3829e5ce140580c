"""Constraints from the command line's spellings: `--region aws=eu-central-1`, `--pin L3.hot=aws`, …"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pydantic import ValidationError

from twin2multicloud.model.constraints import Constraints, Pin
from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.names import parse_provider, parse_region, parse_slot, shown
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.validation import findings_of

_OPTIONS: Final = {
    "providers": "--providers",
    "deny_providers": "--deny",
    "regions": "--region",
    "residency": "--residency",
    "pins": "--pin",
    "require": "--require",
    "max_clouds": "--max-clouds",
    "egress_policy": "--egress",
}


def constraints_from_options(
    *,
    base: Constraints | None = None,
    providers: Sequence[str] = (),
    deny_providers: Sequence[str] = (),
    regions: Sequence[str] = (),
    residency: Sequence[str] = (),
    pins: Sequence[str] = (),
    require: Sequence[str] = (),
    managed_only: bool | None = None,
    deployable_only: bool | None = None,
    max_clouds: int | None = None,
    egress_policy: str | None = None,
) -> Constraints:
    """Constraints from the command line's spellings, on top of `base` (a workload file's section).

    Lists may be repeated, comma-separated or both: `["aws,gcp"]`, `["aws=eu-central-1,us-east-1"]`,
    `["L3.hot=aws"]`, `["L1:mqtt", "managed"]`. An option given replaces the same field of `base`; regions and pins
    replace it per provider and per slot, required features add up. Raises `InvalidInputError` with one finding
    per bad option, whose field is the option.
    """
    start = base or Constraints()
    findings: list[Finding] = []
    given: dict[str, Any] = {
        "providers": _split(providers) or None,
        "deny_providers": _split(deny_providers) or None,
        "residency": _split(residency) or None,
        "managed_only": managed_only,
        "deployable_only": deployable_only,
        "max_clouds": max_clouds,
        "egress_policy": egress_policy,
    }
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if regions:
        values["regions"] = {**start.regions, **_parsed(parse_region_options, regions, "--region", findings)}
    if pins:
        values["pins"] = {**start.pins, **_parsed(parse_pin_options, pins, "--pin", findings)}
    if require:
        values["require"] = (*start.require, *_split(require))
    try:
        merged = narrowed(start, values)
    except ValidationError as error:
        for finding in findings_of(error, Constraints, {}):
            field = re.split(r"[.\[]", finding.field)[0] or "providers"
            findings.append(replace(finding, field=_OPTIONS.get(field, field)))
    if findings:
        raise InvalidInputError("command line", findings)
    return merged


def narrowed(base: Constraints, values: Mapping[str, Any]) -> Constraints:
    """`base` with some fields replaced; pydantic's `ValidationError` if what comes of it makes no sense."""
    current = {name: getattr(base, name) for name in Constraints.model_fields}
    return Constraints(**{**current, **values})


def parse_region_options(options: Iterable[str]) -> dict[Provider, tuple[str, ...]]:
    """`["aws=eu-central-1,us-east-1", "gcp=europe-west1"]` → regions per provider. `ValueError` if malformed."""
    regions: dict[Provider, tuple[str, ...]] = {}
    for option in options:
        name, equals, listed = option.partition("=")
        if not equals or not listed.strip(" ,"):
            raise ValueError(f"{shown(option)}: write provider=region[,region…], such as aws=eu-central-1")
        provider = parse_provider(name)
        found = tuple(parse_region(region) for region in _split([listed]))
        regions[provider] = tuple(dict.fromkeys((*regions.get(provider, ()), *found)))
    return regions


def parse_pin_options(options: Iterable[str]) -> dict[Slot, Pin]:
    """`["L3.hot=aws", "L4=aws.twinmaker-standard@eu-central-1"]` → pins per slot. `ValueError` if malformed."""
    pins: dict[Slot, Pin] = {}
    for option in _split(options):
        name, equals, what = option.partition("=")
        if not equals or not what.strip():
            raise ValueError(f"{shown(option)}: write slot=provider or slot=offer[@region], such as L3.hot=aws")
        slot = parse_slot(name)
        if slot in pins:
            raise ValueError(f"{slot.value} is pinned twice")
        try:
            pins[slot] = Pin.model_validate(what)
        except ValidationError as error:
            raise ValueError(str(error.errors()[0].get("ctx", {}).get("error"))) from error
    return pins


def _split(options: Iterable[str]) -> tuple[str, ...]:
    return tuple(part.strip() for option in options for part in option.split(",") if part.strip())


def _parsed(parse: Any, options: Sequence[str], name: str, findings: list[Finding]) -> dict[Any, Any]:
    """The options parsed one by one where possible, so that each bad one gives its own finding."""
    good: list[str] = []
    for option in options:
        try:
            parse([option])
        except ValueError as error:
            findings.append(Finding(name, str(error), value=option))
        else:
            good.append(option)
    try:
        result: dict[Any, Any] = parse(good)
    except ValueError as error:
        findings.append(Finding(name, str(error)))
        return {}
    return result
