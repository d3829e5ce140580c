"""How a definition begins: from an example, a file or nothing. Each becomes a draft."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, get_args

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.answers import Choice
from twin2multicloud.app.schemas.catalogue import WorkloadSummary
from twin2multicloud.app.schemas.drafts import Draft, DraftInput, DraftSummary
from twin2multicloud.app.schemas.login import Me, MyWorkspace
from twin2multicloud.app.schemas.questions import BatchInput, ConstraintOptions, WorkloadQuestion
from twin2multicloud.app.schemas.twins import MOST_CHARACTERS
from twin2multicloud.app.ui.language import tr
from twin2multicloud.model.documents import SUFFIXES
from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.formats import Format, parse, sniff
from twin2multicloud.model.slots import PROVIDERS, Provider

_DEFINITION: Final = "twin.yaml"
EMPTY: Final = """\
# What the twin is called: lowercase letters, digits and '-'.
name: {name}

workload:
  message_interval_s: 60
  message_size_bytes: 200

# Kinds of devices, and what their messages have in them.
device_types:
  sensor:
    fields:
      temperature: {{type: double, unit: °C, min: -40, max: 80, simulate: {{base: 20, daily_amplitude: 3, noise: 0.2}}}}

devices:
  - {{type: sensor, count: 10, name: "sensor-{{n:02}}"}}
"""


@dataclass(frozen=True)
class Example:
    """A twin to begin from, and what its cheapest placement costs (None: not known)."""

    about: WorkloadSummary
    usd_per_month: float | None
    clouds: tuple[Provider, ...]

    @property
    def messages_per_month(self) -> float:
        """Messages of all devices in a month of 730 hours."""
        return float(self.about.workload["devices"]) * 730 * 3_600 / float(self.about.workload["message_interval_s"])


def examples(api: Client) -> list[Example]:
    """The twins to begin from, with what they cost."""
    known = api.catalogue.workloads()
    asked = BatchInput(
        items=[WorkloadQuestion(scenario=each.name) for each in known],
        constraints=ConstraintOptions(deployable_only=True),
    )
    priced = api.optimizer.batch(asked).items
    return [
        Example(about, None if item.error else item.usd_per_month, _clouds(item.placement.values()))
        for about, item in zip(known, priced, strict=True)
    ]


def _clouds(choices: Iterable[Choice]) -> tuple[Provider, ...]:
    used = {choice.provider for choice in choices}
    return tuple(each for each in PROVIDERS if each in used)


def from_example(api: Client, name: str, workspace: str) -> Draft:
    """A draft of an example."""
    files = dict(api.catalogue.workload(name).files)
    source = files.pop(_DEFINITION)
    return api.drafts.create(DraftInput(title=name, format="yaml", source=source, files=files), workspace)


def from_nothing(api: Client, name: str, workspace: str) -> Draft:
    """A draft with one device type, which can be priced at once."""
    return api.drafts.create(DraftInput(title=name, format="yaml", source=EMPTY.format(name=name)), workspace)


def from_files(api: Client, given: Mapping[str, str], workspace: str) -> Draft:
    """A draft of files by their names: the definition, and perhaps the code that it names. `InvalidInputError` where
    none is a definition.
    """
    definitions = [name for name in given if PurePosixPath(name).suffix.lower() in SUFFIXES]
    if not definitions:
        problem = tr("none of these is a definition: choose a .yaml, .json or .toml file")
        raise InvalidInputError(tr("the files"), [Finding("", problem)])
    first = next((name for name in definitions if PurePosixPath(name).stem == "twin"), definitions[0])
    source = given[first]
    form = SUFFIXES[PurePosixPath(first).suffix.lower()]
    named = _named_files(source, form)
    files: dict[str, str] = {}
    for name, text in given.items():
        if name != first:
            files[next((each for each in named if PurePosixPath(each).name == name), name)] = text
    return from_text(api, source, workspace, form, files)


def from_text(
    api: Client, source: str, workspace: str, form: Format | None = None, files: Mapping[str, str] | None = None
) -> Draft:
    """A draft of a text, sound or not. `InvalidInputError` for one that is longer than a definition may be."""
    if len(source) > MOST_CHARACTERS:
        problem = tr(
            "has {count:,} characters, and a definition has at most {most:,}", count=len(source), most=MOST_CHARACTERS
        )
        raise InvalidInputError(tr("the definition"), [Finding("", problem)])
    form = form or sniff(source)
    return api.drafts.create(
        DraftInput(title=_name(source, form), format=form, source=source, files=dict(files or {})), workspace
    )


def next_version(api: Client, twin_id: str) -> DraftSummary | None:
    """The draft of a twin's next version: the one that there is, or a new one of what it is now. None for whoever may
    only look at the twin.
    """
    twin = api.twins.get(twin_id)
    if twin.role == "viewer":
        return None
    there = next(iter(api.drafts.list(twin=twin_id, limit=1)), None)
    if there is not None:
        return there
    now = twin.current
    form = next(each for each in get_args(Format) if each == now.format)
    return api.drafts.create(
        DraftInput(
            title=twin.name, twin=twin.id, twin_number=now.number, format=form, source=now.source, files=now.files
        )
    )


def places_to_create(me: Me) -> list[MyWorkspace]:
    """The workspaces in which somebody may make a twin."""
    return [each for each in me.workspaces if each.role != "viewer"]


def _name(source: str, form: Format) -> str:
    try:
        value = parse(source, form, "definition").value
    except InvalidInputError:
        return ""
    name = value.get("name") if isinstance(value, dict) else None
    return "".join(each for each in name if each.isprintable())[:100] if isinstance(name, str) else ""


def _named_files(source: str, form: Format) -> list[str]:
    """The paths that a definition names, as far as it can be read."""
    try:
        value = parse(source, form, "definition").value
    except InvalidInputError:
        return []
    found: list[str] = []
    waiting: list[object] = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += node.values()
            found += [node[key] for key in ("processor", "function", "dtdl") if isinstance(node.get(key), str)]
        elif isinstance(node, list):
            waiting += node
    return found
