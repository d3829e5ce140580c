"""The few fields of a Terraform state (format 4) that the store and the engine read."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from twin2multicloud.deployer.state.errors import DocumentError, LineageError

_FORMAT: Final = 4


class OutputValue(msgspec.Struct, frozen=True):
    """A root module's output. A sensitive one is shown by nothing that prints this."""

    value: Any
    sensitive: bool = False

    def __repr__(self) -> str:
        return f"OutputValue({'***' if self.sensitive else repr(self.value)}, sensitive={self.sensitive})"


class RawInstance(msgspec.Struct):
    """One of a resource's instances, as Terraform writes it."""

    index_key: int | str | None = None
    status: str | None = None
    deposed: str | None = None
    attributes: dict[str, Any] = {}


class RawResource(msgspec.Struct):
    """A resource, as Terraform writes it: `managed`, or `data` that was only read."""

    mode: str
    type: str
    name: str
    module: str = ""
    instances: list[RawInstance] = []


class RawState(msgspec.Struct, kw_only=True):
    """What there is, as a state of format 4 tells it."""

    version: int
    resources: list[RawResource] = []


class _Document(RawState, kw_only=True):
    serial: int
    lineage: str
    outputs: dict[str, OutputValue] = {}


_Raw = TypeVar("_Raw", bound=RawState)


class StateResource(msgspec.Struct, frozen=True):
    """A resource that exists as far as the state knows. `id` is the provider's, where it gives one.

    `tainted`: half made, and replaced by the next apply. `deposed`: to be destroyed after its successor was made.
    """

    address: str
    type: str
    id: str | None = None
    tainted: bool = False
    deposed: bool = False


class StateDocument(msgspec.Struct, frozen=True):
    """A state's place in its history, what it lists, and what its root module put out."""

    serial: int
    lineage: str
    resources: tuple[StateResource, ...] = ()
    outputs: dict[str, OutputValue] = {}


def decode(content: bytes) -> RawState:
    """The resources of a state. `DocumentError` for anything but one of format 4."""
    return _decoded(content, RawState)


def _decoded(content: bytes, kind: type[_Raw]) -> _Raw:
    try:
        raw = msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise DocumentError(f"not a Terraform state: {error}") from error
    if raw.version != _FORMAT:
        raise DocumentError(f"version: {raw.version} is not a state format we know; only {_FORMAT} is")
    return raw


def address_of(resource: RawResource, instance: RawInstance) -> str:
    """The instance's address in its stack."""
    prefix = f"{resource.module}." if resource.module else ""
    key = "" if instance.index_key is None else f"[{msgspec.json.encode(instance.index_key).decode()}]"
    return f"{prefix}{resource.type}.{resource.name}{key}"


def read_document(content: bytes) -> StateDocument:
    """`DocumentError` for anything but a state of format 4, `LineageError` for one that no history is told of."""
    raw = _decoded(content, _Document)
    if not raw.lineage:
        raise LineageError("lineage: empty, so that the state's history cannot be told from another's")
    found = tuple(
        _resource(resource, instance)
        for resource in raw.resources
        if resource.mode == "managed"
        for instance in resource.instances
    )
    return StateDocument(raw.serial, raw.lineage, found, raw.outputs)


def with_serial(content: bytes, serial: int) -> bytes:
    """The same state with another serial, everything else kept in order."""
    fields: dict[str, msgspec.Raw] = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    fields["serial"] = msgspec.Raw(str(serial).encode())
    return msgspec.json.encode(fields)


def _resource(resource: RawResource, instance: RawInstance) -> StateResource:
    known = instance.attributes.get("id")
    return StateResource(
        address=address_of(resource, instance),
        type=resource.type,
        id=known if isinstance(known, str) else None,
        tainted=instance.status == "tainted",
        deposed=instance.deposed is not None,
    )
