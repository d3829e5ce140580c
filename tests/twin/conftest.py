"""A small twin as a document that tests change, and what reading it says."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.parsing import Parsed
from twin2multicloud.model.twin.definition import TwinDefinition
from twin2multicloud.model.twin.files import Files
from twin2multicloud.model.twin.reader import twin_of

Change = Callable[[dict[str, Any]], None]

SMALL: dict[str, Any] = {
    "name": "small-twin",
    "workload": {"message_interval_s": 60, "message_size_bytes": 100},
    "device_types": {
        "sensor": {
            "fields": {
                "temperature": {"type": "double", "unit": "°C", "min": -40, "max": 120},
                "state": {"type": "string", "allowed": ["on", "off"]},
                "count": "integer",
                "position": {"type": "object", "required": False},
            },
            "commands": {"set": {"fields": {"to": {"type": "integer", "min": 0, "max": 5}}}, "reset": None},
        },
        "valve": {"fields": {"opening": "double"}, "commands": {"close": None}},
    },
    "devices": [
        {"type": "sensor", "count": 10, "name": "sensor-{n:02}", "within": "room-*"},
        {"type": "valve", "names": ["valve-a", "valve-b"], "within": "house"},
    ],
    "graph": {
        "models": {"House": None, "Room": {"properties": {"number": "integer", "label": "string"}}},
        "entities": [
            {"id": "house", "model": "House"},
            {"id": "room-{n}", "model": "Room", "count": 3, "within": "house", "properties": {"number": "{n}"}},
        ],
    },
    "rules": [{"name": "hot", "on": "sensor", "when": "temperature > 30.5"}],
    "dashboards": [{"title": "All", "panels": [{"kind": "timeseries", "on": "sensor", "fields": ["temperature"]}]}],
}


def small(change: Change = lambda document: None) -> dict[str, Any]:
    """The small twin, changed."""
    document = copy.deepcopy(SMALL)
    change(document)
    return document


def read(change: Change = lambda document: None, directory: Path | None = None) -> TwinDefinition:
    """The small twin, changed and read."""
    return twin_of(Parsed(small(change)), "twin", Files(directory))


def findings(change: Change, directory: Path | None = None) -> dict[str, Finding]:
    """What reading the changed twin finds, by field."""
    with pytest.raises(InvalidInputError) as error:
        read(change, directory)
    assert error.value.exit_code == 4
    for finding in error.value.findings:
        assert finding.problem.isprintable()
    return {finding.field: finding for finding in error.value.findings}


def problem(change: Change, directory: Path | None = None) -> tuple[str, str]:
    """Field and text of the only finding."""
    ((field, finding),) = findings(change, directory).items()
    return field, finding.problem


def put(*path: str | int, value: Any) -> Change:
    """A change that sets the value at a path."""

    def change(document: dict[str, Any]) -> None:
        inner: Any = document
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = value

    return change
