"""The function behind our component types: TwinMaker calls it to write and to read the values of properties.

Values are kept in the table of our own twin graph, whose conditional writes ignore what is late or repeated; so the
answer to "which value is the latest" does not depend on the order in which TwinMaker calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from twin2multicloud.runtime.adapters.aws.twinmaker_models import COMPONENT, PropertyType
from twin2multicloud.runtime.failures import RejectedError, StoreError
from twin2multicloud.runtime.ports import TwinGraph, Update
from twin2multicloud.runtime.times import normal_time

NO_TIME: Final = "1970-01-01T00:00:00.000000Z"
"""The time under which a value without one travels: any update is later."""


class Connector:
    """Answers TwinMaker's `dataWriter` and `dataReader` requests from the graph that keeps the values."""

    def __init__(self, values: TwinGraph) -> None:
        self._values = values

    def __call__(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Either request; they differ in what they name."""
        return self._write(request) if "entries" in request else self._read(request)

    def _write(self, request: Mapping[str, Any]) -> dict[str, Any]:
        entries = request["entries"]
        try:
            self._values.update([update for entry in entries for update in _updates(entry, request["properties"])])
        except RejectedError:
            # One of them is at fault: which, is found one by one. Repeating the others changes nothing.
            return {"errorEntries": [{"errors": errors} for entry in entries if (errors := self._try(entry, request))]}
        except StoreError as error:
            return {"errorEntries": [{"errors": [_error(entry, "ThrottlingException", error)]} for entry in entries]}
        return {"errorEntries": []}

    def _try(self, entry: Mapping[str, Any], request: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            self._values.update(_updates(entry, request["properties"]))
        except RejectedError as error:
            return [_error(entry, "ResourceNotFoundException", error)]
        except StoreError as error:
            return [_error(entry, "ThrottlingException", error)]
        return []

    def _read(self, request: Mapping[str, Any]) -> dict[str, Any]:
        entity = request["entityId"]
        state = self._values.get(entity)
        start, end = normal_time(request["startTime"]), normal_time(request["endTime"])
        found = []
        for name in request["selectedProperties"]:
            if state is None or name not in state.values:
                continue
            time = state.times.get(name, NO_TIME)
            if start <= time <= end:
                kind = PropertyType.of(request["properties"][name]["definition"])
                value = {"time": time, "value": kind.data_value(name, state.values[name])}
                found.append({"entityPropertyReference": _reference(entity, name), "values": [value]})
        return {"propertyValues": found}


def _updates(entry: Mapping[str, Any], properties: Mapping[str, Any]) -> Sequence[Update]:
    reference = entry["entityPropertyReference"]
    entity, name = reference["entityId"], reference["propertyName"]
    kind = PropertyType.of(properties[entity][name]["definition"])
    return [
        Update(entity, {name: kind.value(each["value"])}, normal_time(each["time"])) for each in entry["propertyValues"]
    ]


def _error(entry: Mapping[str, Any], code: str, error: Exception) -> dict[str, Any]:
    told = {name: entry[name] for name in ("entityPropertyReference", "propertyValues")}
    return {"errorCode": code, "errorMessage": str(error)[:256], "entry": told}


def _reference(entity: str, name: str) -> dict[str, str]:
    return {"entityId": entity, "componentName": COMPONENT, "propertyName": name}
