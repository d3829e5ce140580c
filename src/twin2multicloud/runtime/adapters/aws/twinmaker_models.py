"""DTDL interfaces as component types of IoT TwinMaker, and property values as its data values.

What does not survive: commands and components of an interface (devices get commands through L1), properties of
relationships, and the inner types of objects, arrays and maps, which become text (JSON, at most 256 characters).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from twin2multicloud.runtime.failures import RejectedError

COMPONENT: Final = "twin"
"""The name of the one component that an entity of ours has."""

LONGEST_TEXT: Final = 256
_JSON_MARK: Final = {"t2m": "json"}
_TYPES: Final[Mapping[str, str]] = {
    "boolean": "BOOLEAN",
    "double": "DOUBLE",
    "float": "DOUBLE",
    "integer": "LONG",
    "long": "LONG",
}
_FIELDS: Final[Mapping[str, str]] = {
    "BOOLEAN": "booleanValue",
    "DOUBLE": "doubleValue",
    "INTEGER": "integerValue",
    "LONG": "longValue",
    "STRING": "stringValue",
}


def type_id(dtmi: str) -> str:
    """A component type's id may not hold the ";" before a DTMI's version; "-" occurs in no DTMI."""
    return dtmi.replace(";", "-")


def dtmi_of(type_id: str) -> str:
    """The DTMI of a component type of ours."""
    return type_id.replace("-", ";")


@dataclass(frozen=True)
class PropertyType:
    """How a property's values are written: TwinMaker's type, and whether its text is JSON."""

    type: str
    json: bool = False

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> PropertyType:
        """From a property definition of the service."""
        return cls(definition["dataType"]["type"], definition.get("configuration") == _JSON_MARK)

    def data_value(self, name: str, value: Any) -> dict[str, Any]:
        """A value in the service's notation; `RejectedError` if the property cannot hold it."""
        fitted = self._fitted(value)
        if fitted is None:
            raise RejectedError(f"{name}: {repr(value)[:60]} does not fit a property of type {self.type}")
        return {_FIELDS[self.type]: fitted}

    def value(self, data_value: Mapping[str, Any]) -> Any:
        """The value in a data value."""
        found = next(iter(data_value.values()))
        if self.json:
            return msgspec.json.decode(found)
        return float(found) if self.type == "DOUBLE" else found

    def _fitted(self, value: Any) -> bool | float | int | str | None:
        if self.json:
            text = msgspec.json.encode(value).decode()
            return text if len(text) <= LONGEST_TEXT else None
        if self.type == "STRING":
            fits = isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and value.isprintable()
            return value if fits else None
        if self.type == "BOOLEAN":
            return value if isinstance(value, bool) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        if self.type == "DOUBLE":
            return float(value)
        return int(value) if value == int(value) and -(2**63) <= value < 2**63 else None


def component_type(model: Mapping[str, Any], connector: str) -> dict[str, Any]:
    """The arguments of CreateComponentType. `connector` is the ARN of the function that keeps the values."""
    properties: dict[str, Any] = {}
    for content in model.get("contents", []):
        kinds = content["@type"] if isinstance(content["@type"], list) else [content["@type"]]
        if "Relationship" in kinds:
            properties[content["name"]] = _relationship(content["name"])
        elif "Property" in kinds or "Telemetry" in kinds:
            properties[content["name"]] = _series(content)
    parents = model.get("extends", [])
    return {
        "componentTypeId": type_id(model["@id"]),
        "componentTypeName": _text(model.get("displayName")) or model["@id"],
        "propertyDefinitions": properties,
        "extendsFrom": [type_id(parent) for parent in ([parents] if isinstance(parents, str) else parents)],
        "functions": {
            name: {"scope": "ENTITY", "implementedBy": {"lambda": {"arn": connector}}}
            for name in ("dataReader", "dataWriter")
        },
    }


def _relationship(name: str) -> dict[str, Any]:
    nested = {"type": "RELATIONSHIP", "relationship": {"relationshipType": name}}
    return {"dataType": {"type": "LIST", "nestedType": nested}, "isTimeSeries": False}


def _series(content: Mapping[str, Any]) -> dict[str, Any]:
    schema = content["schema"]
    data_type: dict[str, Any] = {"type": "STRING"}
    configuration = {}
    if isinstance(schema, str):
        data_type["type"] = _TYPES.get(schema, "STRING")
    elif schema.get("@type") == "Enum":
        data_type["type"] = _TYPES.get(schema.get("valueSchema", "string"), "STRING")
        field = _FIELDS[data_type["type"]]
        data_type["allowedValues"] = [{field: each["enumValue"]} for each in schema.get("enumValues", [])][:50]
    else:
        configuration = dict(_JSON_MARK)
    if content.get("unit"):
        data_type["unitOfMeasure"] = str(content["unit"])
    return {
        "dataType": data_type,
        "isTimeSeries": True,
        "isStoredExternally": True,
        **({"configuration": configuration} if configuration else {}),
    }


def _text(name: Any) -> str:
    if isinstance(name, Mapping):
        return str(name.get("en") or next(iter(name.values()), ""))
    return str(name or "")
