"""Reading the names people type: nearest suggestion, slots, providers and regions in any letter case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from twin2multicloud.model.slots import PROVIDERS, SLOTS, Provider, Slot

REGION_PATTERN: Final = re.compile(r"[a-z][a-z0-9-]{1,39}")
OFFER_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
FEATURE_PATTERN: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")

_LONGEST_TYPO: Final = 64  # nobody mistypes more; comparing long names would be slow


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` most likely means, or None. Letter case, `-` and `_` do not count."""
    if len(name) > _LONGEST_TYPO:
        return None
    folded = {_fold(candidate): candidate for candidate in known}
    close = get_close_matches(_fold(name), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def _fold(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")


def shown(text: str, limit: int = 40) -> str:
    """`text` in quotes, shortened and with control characters escaped, safe to print."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "'" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut) + "'"


def unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """One sentence: `name` is no known `kind`, what was perhaps meant, and what is allowed."""
    guess = nearest(name, known)
    hint = f"; did you mean '{guess}'?" if guess else "."
    return f"{shown(name)} is not a {kind}{hint} Allowed: {', '.join(known)}"


def parse_slot(text: object) -> Slot:
    """A slot from `L1`, `l3.HOT`, …; `ValueError` with a suggestion otherwise."""
    if isinstance(text, Slot):
        return text
    if not isinstance(text, str):
        raise ValueError(f"a slot is text. Allowed: {', '.join(SLOTS)}")
    for slot in SLOTS:
        if slot.value.casefold() == text.strip().casefold():
            return slot
    raise ValueError(unknown("slot", text, [slot.value for slot in SLOTS]))


def parse_provider(text: object) -> Provider:
    """A provider from `aws`, `Azure`, …; `ValueError` with a suggestion otherwise."""
    if isinstance(text, Provider):
        return text
    if not isinstance(text, str):
        raise ValueError(f"a provider is text. Allowed: {', '.join(PROVIDERS)}")
    name = text.strip().casefold()
    for provider in PROVIDERS:
        if provider.value == name:
            return provider
    raise ValueError(unknown("provider", text, [provider.value for provider in PROVIDERS]))


def parse_region(text: object) -> str:
    """A region's identifier in the provider's spelling (`eu-central-1`, `westeurope`, `europe-west1`).

    Only the form is checked here; which regions exist is the price book's knowledge.
    """
    if isinstance(text, str):
        name = text.strip().casefold()
        if REGION_PATTERN.fullmatch(name):
            return name
        raise ValueError(f"{shown(text)} is not a region: write letters, digits and '-', such as eu-central-1")
    raise ValueError("a region is text, such as eu-central-1")
