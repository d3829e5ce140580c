"""Reading a twin: the whole file checked at once, every problem with its place and remedy, before anything starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path as FilePath
from typing import Any, BinaryIO, Final

from pydantic import BaseModel, ValidationError

from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.documents import SUFFIXES, decoded, nearest_mark, read_source
from twin2multicloud.model.errors import Finding, InvalidInputError, UsageError
from twin2multicloud.model.formats import Format, parse, sniff
from twin2multicloud.model.names import nearest, unknown
from twin2multicloud.model.parsing import Mark, Parsed, Path, fail, field_name
from twin2multicloud.model.scenarios import scenario_names
from twin2multicloud.model.sections import TWIN_SECTIONS, WORKLOAD_SECTIONS, is_twin, with_device_count
from twin2multicloud.model.template import EXAMPLES
from twin2multicloud.model.twin.checks import problems_of
from twin2multicloud.model.twin.dashboard_definition import DashboardDefinition
from twin2multicloud.model.twin.definition import TwinDefinition
from twin2multicloud.model.twin.device_groups import DeviceGroupDefinition
from twin2multicloud.model.twin.device_types import DeviceTypeDefinition
from twin2multicloud.model.twin.entities import (
    EntityDefinition,
    EntityModelDefinition,
    GraphDefinition,
    RelationshipDefinition,
)
from twin2multicloud.model.twin.files import Files, GivenFiles
from twin2multicloud.model.twin.given import resolve_interfaces
from twin2multicloud.model.twin.parts import Listed, Named, Parts, Problem
from twin2multicloud.model.twin.rule_definition import RuleDefinition
from twin2multicloud.model.validation import ModelT, limited, validated, value_text
from twin2multicloud.model.workload import Workload

_MOST_PROBLEMS: Final = 500
"""Of each check: nobody reads more, and explaining the thousands of a hostile file would take long."""

_SECTIONS: Final = (*TWIN_SECTIONS[:2], *WORKLOAD_SECTIONS, *TWIN_SECTIONS[2:])


def read_twin_file(path: str | FilePath, *, stdin: BinaryIO | None = None) -> TwinDefinition:
    """The twin in a file, or on standard input if `path` is `-` (`stdin` replaces the process's).

    Files it names (processors, interfaces) are read from its directory and never from outside it. Raises
    `InvalidInputError` with every finding, for a file that cannot be read as well as for its content.
    """
    content, source = read_source(path, stdin=stdin)
    if str(path) == "-":
        return parse_twin(content, source)
    file = FilePath(path)
    return parse_twin(content, source, SUFFIXES.get(file.suffix.lower()), directory=file.parent)


def twin_of_scenario(name: str) -> TwinDefinition:
    """The built-in twin of a scenario; `UsageError` with the nearest name otherwise."""
    if name not in scenario_names():
        raise UsageError(unknown("built-in twin", name, scenario_names()))
    return read_twin_file(EXAMPLES / name / "twin.yaml")


def parse_twin(
    content: bytes | str,
    source: str,
    form: Format | None = None,
    *,
    directory: FilePath | None = None,
    files: Mapping[str, str] | None = None,
) -> TwinDefinition:
    """The twin in `content`; without `form` its first line tells the format. `source` names it in errors.

    Files that it names are looked for in `directory`, or among `files` (path → text) where those are given; without
    either, naming a file is a finding.
    """
    text = decoded(content, source)
    found = Files(directory) if files is None else GivenFiles(files)
    return twin_of(parse(text, form or sniff(text), source), source, found)


def twin_of(parsed: Parsed, source: str, files: Files) -> TwinDefinition:
    """The twin with a raw value. Raises `InvalidInputError` with every finding."""
    value = parsed.value
    if value is None:
        raise fail(source, "is empty; `twin2multicloud init` writes a commented twin to start from")
    if not isinstance(value, dict):
        raise fail(source, f"is {value_text(value)}, not a mapping; write sections such as name: my-twin", 1, 1)
    if not is_twin(value):
        problem = "is a workload, not a twin: it has no device_types; `twin2multicloud init` writes a whole twin"
        raise fail(source, problem, 1, 1)
    reading = _Reading(parsed, value)
    definition = reading.definition(files)
    if reading.findings or definition is None:
        raise InvalidInputError(source, limited(reading.findings))
    return definition


class _Reading:
    """One document on its way to a definition, gathering findings."""

    def __init__(self, parsed: Parsed, document: Mapping[str, Any]) -> None:
        self.findings = list(parsed.findings)
        self._marks = parsed.marks
        self._document = document

    def definition(self, files: Files) -> TwinDefinition | None:
        self._sections()
        graph = self._mapping(self._document, ("graph",))
        self._known(graph, ("graph",), tuple(GraphDefinition.model_fields))
        raw_workload = with_device_count(self._document.get("workload"), self._document.get("devices"))
        if isinstance(raw_workload, dict) and "devices" in self._document:
            # Devices that cannot be counted are said to be wrong themselves.
            raw_workload = {"devices": 1} | raw_workload
        parts = Parts(
            name=self._text("name"),
            workload=self._section(Workload, "workload", raw_workload, required=True),
            constraints=self._section(Constraints, "constraints", self._document.get("constraints")),
            device_types=self._named(DeviceTypeDefinition, self._document, ("device_types",)),
            devices=self._listed(DeviceGroupDefinition, self._document, ("devices",)),
            models=self._named(EntityModelDefinition, graph, ("graph", "models")),
            entities=self._listed(EntityDefinition, graph, ("graph", "entities")),
            relationships=self._listed(RelationshipDefinition, graph, ("graph", "relationships")),
            rules=self._listed(RuleDefinition, self._document, ("rules",)),
            dashboards=self._listed(DashboardDefinition, self._document, ("dashboards",)),
        )
        assumptions = self._section(Assumptions, "assumptions", self._document.get("assumptions"))
        description = self._text("description", required=False)
        self._add(resolve_interfaces(parts, files))
        self._add(files.modules(parts))
        self._add(problems_of(parts))
        if self.findings or parts.name is None or parts.workload is None:
            return None
        return TwinDefinition(
            name=parts.name,
            description=description or "",
            workload=parts.workload,
            constraints=parts.constraints,
            assumptions=assumptions,
            device_types=parts.device_types.good,
            devices=tuple(group for _, group in parts.devices.good),
            graph=GraphDefinition(
                models=parts.models.good,
                entities=tuple(entity for _, entity in parts.entities.good),
                relationships=tuple(relation for _, relation in parts.relationships.good),
            ),
            rules=tuple(rule for _, rule in parts.rules.good),
            dashboards=tuple(dashboard for _, dashboard in parts.dashboards.good),
            modules=parts.modules,
            interfaces=parts.interfaces,
        )

    def _locate(self, path: Path) -> Mark | None:
        return nearest_mark(self._marks, path)

    def _find(self, path: Path, problem: str) -> None:
        mark = self._locate(path)
        text = mark.text if mark and path in self._marks else None
        place = (mark.line, mark.column) if mark else (None, None)
        self.findings.append(Finding(field_name(path), problem, text, *place))

    def _add(self, problems: Iterable[Problem]) -> None:
        for problem in islice(problems, _MOST_PROBLEMS):
            self._find(problem.path, problem.text)

    def _sections(self) -> None:
        self._known(self._document, (), _SECTIONS)
        for section in ("device_types", "devices"):
            if section not in self._document:
                self._find((section,), "is required")

    def _known(self, mapping: Mapping[str, Any], path: Path, known: tuple[str, ...]) -> None:
        for key in mapping:
            if key in known:
                continue
            if not path and key in Workload.model_fields:
                problem = "is a field of the workload; move it under 'workload'"
            else:
                guess = nearest(key, [name for name in known if name not in mapping])
                problem = f"unknown section; did you mean '{guess}'?" if guess else "unknown section; remove it"
            self._find((*path, key), problem)

    def _text(self, name: str, *, required: bool = True) -> str | None:
        value = self._document.get(name)
        if isinstance(value, str):
            return value
        if value is not None or name in self._document:
            self._find((name,), f"{value_text(value)} is not text; write it in quotes if it is one")
        elif required:
            self._find((name,), "is required; name the twin with lowercase letters, digits and -")
        return None

    def _section(self, model: type[ModelT], name: str, raw: object, *, required: bool = False) -> ModelT | None:
        if raw is None:
            if not required:
                return None
            raw = {}
            if name not in self._document:
                self._find((name,), "is required; write message_interval_s and message_size_bytes under it")
                return None
        return self._part(model, (name,), raw)

    def _part(self, model: type[ModelT], path: Path, raw: object) -> ModelT | None:
        if not isinstance(raw, dict) and not _has_short_form(model):
            self._find(path, f"{value_text(raw)} is not a mapping; write name: value pairs")
            return None
        part, found = validated(model, raw, prefix=path, locate=self._locate)  # type: ignore[arg-type]
        self.findings += found
        if part is None and isinstance(raw, dict):
            return _salvaged(model, raw)
        return part

    def _mapping(self, within: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
        raw = within.get(str(path[-1]))
        if raw is None or isinstance(raw, dict):
            return raw or {}
        self._find(path, f"{value_text(raw)} is not a mapping; write name: value pairs")
        return {}

    def _whole(self, path: Path) -> bool:
        """Whether the section around a collection is a mapping, or not there."""
        return not path or isinstance(self._document.get(str(path[0])), dict | None)

    def _named(self, model: type[ModelT], within: Mapping[str, Any], path: Path) -> Named[ModelT]:
        raw = self._mapping(within, path)
        whole = within.get(str(path[-1])) is None or isinstance(within[str(path[-1])], dict)
        members: Named[ModelT] = Named(declared=set(raw), complete=whole and self._whole(path[:-1]))
        for name, item in raw.items():
            part = self._part(model, (*path, name), item)
            if part is not None:
                members.good[name] = part
        return members

    def _listed(self, model: type[ModelT], within: Mapping[str, Any], path: Path) -> Listed[ModelT]:
        raw = within.get(str(path[-1]))
        members: Listed[ModelT] = Listed(complete=self._whole(path[:-1]))
        if raw is None:
            return members
        if not isinstance(raw, list):
            self._find(path, f"{value_text(raw)} is not a list; begin each item with '- '")
            members.complete = False
            return members
        for index, item in enumerate(raw):
            part = self._part(model, (*path, index), item)
            if part is None:
                members.complete = False
            else:
                members.good.append((index, part))
        return members


_OPTIONAL: Final = frozenset(("for", "severity", "trigger", "actions", "within", "processor", "description", "title"))
"""Keys without which a part still means the same to the others."""


def _salvaged(model: type[ModelT], raw: dict[str, Any]) -> ModelT | None:
    """A bad part without its misspelled and its unimportant bad keys, so that what is left of it can be checked."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        bad = {item["loc"][0] for item in error.errors(include_url=False, include_input=False) if item["loc"]}
    known = {info.alias or name for name, info in model.model_fields.items()}
    rest = {key: value for key, value in raw.items() if key not in bad or (key in known and key not in _OPTIONAL)}
    return validated(model, rest)[0] if len(rest) < len(raw) else None


def _has_short_form(model: type[BaseModel]) -> bool:
    return model is EntityModelDefinition
