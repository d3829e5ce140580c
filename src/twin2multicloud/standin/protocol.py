"""The messages of Terraform's plugin protocol 6 that a provider exchanges, declared here and built when imported.

Names and numbers of the fields are the protocol's (`tfplugin6.proto` in Terraform's documentation). Building them from
a table needs neither a compiler nor generated code, which would tie us to one release of protobuf. gRPC sends no
message names, so the package name is ours, and a map field is a repeated message of key and value, as on the wire.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import (  # type: ignore[import-untyped]
    descriptor_pb2,
    descriptor_pool,
    message_factory,
)

_PACKAGE: Final = "twin2multicloud.standin"

# Per message: its fields as (number, name, type); a type in brackets repeats.
_MESSAGES: Final[dict[str, tuple[tuple[int, str, str], ...]]] = {
    "Empty": (),
    "DynamicValue": ((1, "msgpack", "bytes"), (2, "json", "bytes")),
    "Step": ((1, "attribute_name", "string"), (2, "element_key_string", "string"), (3, "element_key_int", "int64")),
    "AttributePath": ((1, "steps", "[Step]"),),
    "Diagnostic": (
        (1, "severity", "int32"),
        (2, "summary", "string"),
        (3, "detail", "string"),
        (4, "attribute", "AttributePath"),
    ),
    "Attribute": (
        (1, "name", "string"),
        (2, "type", "bytes"),
        (4, "required", "bool"),
        (5, "optional", "bool"),
        (6, "computed", "bool"),
        (7, "sensitive", "bool"),
        (11, "write_only", "bool"),
    ),
    "NestedBlock": (
        (1, "type_name", "string"),
        (2, "block", "Block"),
        (3, "nesting", "int32"),
        (4, "min_items", "int64"),
        (5, "max_items", "int64"),
    ),
    "Block": ((1, "version", "int64"), (2, "attributes", "[Attribute]"), (3, "block_types", "[NestedBlock]")),
    "Schema": ((1, "version", "int64"), (2, "block", "Block")),
    "SchemaByType": ((1, "key", "string"), (2, "value", "Schema")),
    "Capabilities": ((1, "plan_destroy", "bool"), (2, "get_provider_schema_optional", "bool")),
    "GetProviderSchema": (
        (1, "provider", "Schema"),
        (2, "resource_schemas", "[SchemaByType]"),
        (3, "data_source_schemas", "[SchemaByType]"),
        (6, "server_capabilities", "Capabilities"),
    ),
    "ValidateProviderConfig": ((1, "config", "DynamicValue"),),
    "ProviderDiagnostics": ((2, "diagnostics", "[Diagnostic]"),),
    "Diagnostics": ((1, "diagnostics", "[Diagnostic]"),),
    "ConfigureProvider": ((1, "terraform_version", "string"), (2, "config", "DynamicValue")),
    "TypeAndConfig": ((1, "type_name", "string"), (2, "config", "DynamicValue")),
    "RawState": ((1, "json", "bytes"),),
    "UpgradeResourceState": ((1, "type_name", "string"), (2, "version", "int64"), (3, "raw_state", "RawState")),
    "StateAndDiagnostics": ((1, "state", "DynamicValue"), (2, "diagnostics", "[Diagnostic]")),
    "ReadResource": ((1, "type_name", "string"), (2, "current_state", "DynamicValue"), (3, "private", "bytes")),
    "ReadResourceResponse": (
        (1, "new_state", "DynamicValue"),
        (2, "diagnostics", "[Diagnostic]"),
        (3, "private", "bytes"),
    ),
    "PlanResourceChange": (
        (1, "type_name", "string"),
        (2, "prior_state", "DynamicValue"),
        (3, "proposed_new_state", "DynamicValue"),
        (4, "config", "DynamicValue"),
    ),
    "PlanResourceChangeResponse": (
        (1, "planned_state", "DynamicValue"),
        (2, "requires_replace", "[AttributePath]"),
        (4, "diagnostics", "[Diagnostic]"),
        (5, "legacy_type_system", "bool"),
    ),
    "ApplyResourceChange": (
        (1, "type_name", "string"),
        (2, "prior_state", "DynamicValue"),
        (3, "planned_state", "DynamicValue"),
        (4, "config", "DynamicValue"),
    ),
    "ApplyResourceChangeResponse": (
        (1, "new_state", "DynamicValue"),
        (3, "diagnostics", "[Diagnostic]"),
        (4, "legacy_type_system", "bool"),
    ),
    "ImportResourceState": ((1, "type_name", "string"), (2, "id", "string")),
    "ImportedResource": ((1, "type_name", "string"), (2, "state", "DynamicValue")),
    "ImportResourceStateResponse": (
        (1, "imported_resources", "[ImportedResource]"),
        (2, "diagnostics", "[Diagnostic]"),
    ),
    "StopProviderResponse": ((1, "Error", "string"),),
}

NESTING: Final = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
"""The protocol's numbers for how a nested block repeats."""

ERROR: Final = 1
"""The severity of a diagnostic that ends a run."""


def _field(number: int, name: str, kind: str) -> descriptor_pb2.FieldDescriptorProto:
    proto = descriptor_pb2.FieldDescriptorProto
    repeated = kind.startswith("[")
    kind = kind.strip("[]")
    field = proto(name=name, number=number, label=proto.LABEL_REPEATED if repeated else proto.LABEL_OPTIONAL)
    if kind in _MESSAGES:
        field.type, field.type_name = proto.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    else:
        field.type = proto.Type.Value(f"TYPE_{kind.upper()}")
    return field


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="standin.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        file.message_type.add(name=name).field.extend(_field(*field) for field in fields)
    step = next(message for message in file.message_type if message.name == "Step")
    step.oneof_decl.add(name="selector")  # so that a list's index 0 is sent, and not taken for a field left out
    for field in step.field:
        field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES
    }


MESSAGES: Final = _build()
"""The message classes by name."""
