"""What the providers say when something goes wrong, in their own wording (`failures.json`), by kind of failure."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.standin.checks import Problem
from twin2multicloud.standin.naming import Names
from twin2multicloud.standin.scenario import Failure, Verb


class Wording(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Templates of a message's sentence and of its details."""

    error: str
    detail: str = ""


_FILE: Final = Path(__file__).with_name("failures.json")
WORDINGS: Final = msgspec.json.decode(_FILE.read_bytes(), type=dict[str, dict[str, Wording]])
"""By provider, `*` for all, and kind."""

_LIKE: Final = {"azuread": "azurerm", "azapi": "azurerm", "awscc": "aws", "google-beta": "google"}
_DOING: Final = {"create": "creating", "update": "updating", "delete": "deleting"}
_ACTION: Final[dict[str, tuple[str, str, str]]] = {
    # What a permission's verb is called at AWS, Azure and Google.
    "create": ("Create", "write", "create"),
    "update": ("Update", "write", "update"),
    "delete": ("Delete", "delete", "delete"),
}


def _of(provider: str) -> dict[str, Wording]:
    return WORDINGS["*"] | WORDINGS.get(_LIKE.get(provider, provider), {})


def kinds_of(provider: str) -> tuple[str, ...]:
    """The kinds of failure that have a wording for a provider."""
    return tuple(sorted(_of(provider)))


def problem_of(failure: Failure, names: Names, verb: Verb) -> Problem:
    """A failure in the words of the object's provider; raises `InvalidInputError` for a kind without wording."""
    if failure.error:
        return Problem(failure.error, failure.detail)
    provider = names.settings.provider
    wording = _of(provider).get(failure.kind)
    if wording is None:
        problem = f"{failure.kind!r} has no words of {provider}, which has: {', '.join(kinds_of(provider))}"
        raise InvalidInputError("scenario", [Finding("failures.kind", problem, failure.kind)])
    word = names.kind.split("_")[1] if "_" in names.kind else names.kind
    aws, azure, google = _ACTION.get(verb, ("Get", "read", "get"))
    permissions = {
        "aws": f"{word}:{aws}" + "".join(part.capitalize() for part in names.kind.split("_")[2:]),
        "azurerm": f"Microsoft.{word.capitalize()}/{word}/{azure}",
        "google": f"{word}.{names.kind.split('_')[-1]}s.{google}",
    }
    names.values.setdefault("child_type", "something")
    names.values.setdefault("child", "another object")
    names.values.update(
        action=_DOING.get(verb, "reading"),
        doing=_DOING.get(verb, "reading").capitalize(),
        verb=verb,
        word=word,
        Word=word.capitalize(),
        type=names.kind,
        permission=permissions.get(_LIKE.get(provider, provider), ""),
    )
    return Problem(names.fill(wording.error), names.fill(wording.detail))
