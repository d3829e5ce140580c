"""Errors in the providers' own words (`wordings.toml`): what we make of them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from twin2multicloud.deployer.engine.events import Diagnostic, Severity
from twin2multicloud.deployer.engine.hints import Hint, Kind, hint_for, worth_retrying

WORDINGS = tomllib.loads(Path(__file__).with_name("wordings.toml").read_text(encoding="utf-8"))["error"]
BY_NAME = {wording["name"]: wording["words"] for wording in WORDINGS}


def hint(words: str) -> Hint | None:
    summary, _, detail = words.partition("\n")
    return hint_for(Diagnostic(Severity.ERROR, summary, detail))


@pytest.mark.parametrize("wording", WORDINGS, ids=BY_NAME)
def test_what_is_meant_is_found_with_its_facts(wording: dict[str, Any]) -> None:
    found = hint(wording["words"])
    assert found is not None
    facts = wording.get("facts", {})
    assert (found.kind, {name: found.facts.get(name) for name in facts}) == (wording["kind"], facts)
    # What the words tell is in the remedy, but for what only explains the limit or the object.
    assert all(fact in found.remedy for name, fact in facts.items() if name not in ("resource", "regions"))
    assert not set("{|}") & set(found.remedy), found.remedy


def test_every_kind_is_covered() -> None:
    ours = {Kind.LOCK_LOST}  # said by our own server
    assert {wording["kind"] for wording in WORDINGS} | ours == set(Kind)


def test_wrapped_words_are_the_same_words() -> None:
    words = BY_NAME["aws: pass role"]
    assert hint(words) == hint(" ".join(words.split())) == hint("\n   ".join(words.split()))


@pytest.mark.parametrize(
    "words",
    [
        'Unsupported argument\nAn argument named "inptu" is not expected here.',
        "local-exec provisioner error\nError running command 'false': exit status 1. Output: ",
        "Invalid function argument",
    ],
)
def test_of_what_is_not_known_nothing_is_said(words: str) -> None:
    assert hint(words) is None


def test_what_passes_by_itself_is_worth_a_retry() -> None:
    throttled, missing = hint(BY_NAME["gcp: budget"]), hint(BY_NAME["aws: pass role"])
    assert worth_retrying([throttled, throttled])
    assert not worth_retrying([throttled, missing])
    assert not worth_retrying([throttled, None])
    assert not worth_retrying([])
