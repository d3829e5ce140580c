"""Plausible values for what a cloud computes: ids, ARNs, host names, keys. The same input gives the same values.

An overlay's template comes first; what it does not know is guessed from the value's name and type. Every digest is
taken over type and name, so that two runs agree, and so that no value is a working credential of anything.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Final

from twin2multicloud.standin.values import State, has_unknown

ACCOUNT: Final = "123456789012"
SUBSCRIPTION: Final = "00000000-0000-4000-8000-000000000001"
TENANT: Final = "00000000-0000-4000-8000-000000000002"
PRINCIPAL: Final = "00000000-0000-4000-8000-000000000003"
PROJECT: Final = "standin-project"
PROJECT_NUMBER: Final = "100000000001"

WHEN: Final = "2026-01-01T00:00:00Z"
"""The time of every creation: a stand-in has no clock, so that the same apply gives the same state."""

NAME_ARGUMENTS: Final = ("name", "bucket", "function_name", "alarm_name", "dashboard_name", "identifier", "account_id")
"""Where the name of an object is found, the first that is given."""


@dataclass(frozen=True)
class Settings:
    """What a provider's configuration says that objects inherit."""

    provider: str
    region: str = ""
    account: str = ACCOUNT
    subscription: str = SUBSCRIPTION
    tenant: str = TENANT
    project: str = PROJECT
    common_tags: Mapping[str, str] = field(default_factory=dict)
    """The tags, or labels, that everything gets."""


def name_of(kind: str, state: Mapping[str, Any]) -> str:
    """What an object is called, in messages and digests; its type if it has no name."""
    for argument in NAME_ARGUMENTS:
        value = state.get(argument)
        if isinstance(value, str) and value:
            return value
    return kind


def _digest(kind: str, name: str, state: Mapping[str, Any]) -> str:
    """What distinguishes an object: its name and the group it is in; all its known values if it has no name."""
    if name != kind:
        told = [name, str(state.get("resource_group_name", ""))]
    else:
        told = [
            f"{key}={value}" for key, value in sorted(state.items()) if value is not None and not has_unknown(value)
        ]
    return hashlib.sha256("|".join([kind, *told]).encode()).hexdigest()


class Names(Formatter):
    """Fills templates for one object, from its values as far as they are known and from the settings.

    Beside them it knows `this` (the object's name), `uuid`, `digits`, `when`, `h` (a digest) and `principal`. A format
    may follow a name: `{h:8}` is the digest's first eight characters, `{key_vault_id:last}` the last part of a path,
    `{scope:lower}` a text in lower case, `{id:group}` what
    stands after `resourceGroups/`, and `{id:account}` what stands after `storageAccounts/`.
    """

    def __init__(self, settings: Settings, kind: str, state: State) -> None:
        self.settings = settings
        self.kind = kind
        self.name = name_of(kind, state)
        self.digest = _digest(kind, self.name, state)
        region = settings.region
        self.values: dict[str, Any] = {
            "account": settings.account,
            "subscription": settings.subscription,
            "tenant": settings.tenant,
            "principal": PRINCIPAL,
            "project_number": PROJECT_NUMBER,
            "when": WHEN,
            "this": self.name,
            "h": self.digest,
            "digits": str(int(self.digest[:20], 16))[:18],
            "uuid": str(uuid.UUID(self.digest[:32])),
            # An argument left out is taken from the provider's settings, as the providers do.
            "region": region,
            "location": region,
            "project": settings.project,
        }
        self.learn(state)

    def learn(self, state: Mapping[str, Any]) -> None:
        """Let templates use an object's plain values, too."""
        for key, value in state.items():
            if isinstance(value, (str, int, float)) and value != "":
                self.values[key] = value

    def fill(self, template: Any) -> Any:
        """A template with its braces filled; JSON values of other kinds have their texts filled."""
        if isinstance(template, str):
            return self.vformat(template, (), self.values)
        if isinstance(template, list):
            return [self.fill(item) for item in template]
        if isinstance(template, dict):
            return {key: self.fill(item) for key, item in template.items()}
        return template

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        """A name's value; one that this object does not have is told by its own name, and harms nothing."""
        if isinstance(key, str) and key not in kwargs:
            return key.replace("_", "-")
        return super().get_value(key, args, kwargs)

    def format_field(self, value: Any, format_spec: str) -> str:
        """A value in one of the formats that the class describes."""
        text = str(value)
        if format_spec.isdecimal():
            return text[: int(format_spec)]
        match format_spec:
            case "last":
                return text.rstrip("/").rpartition("/")[2].rpartition(":")[2]
            case "lower":
                return text.lower()
            case "upper":
                return text.upper()
            case "group":
                return text.partition("/resourceGroups/")[2].partition("/")[0]
            case "account":
                return text.partition("/storageAccounts/")[2].partition("/")[0]
        return text

    def secret(self, path: str) -> str:
        """A text that looks like a key and opens nothing."""
        return "standin-" + hashlib.sha256(f"{self.digest}|{path}".encode()).hexdigest()[:32]

    def default_id(self) -> str:
        """An id in the manner of the cloud, for types without a template."""
        word = self.kind.split("_", 1)[-1]
        if self.settings.provider == "azurerm":
            group = self.values.get("resource_group_name", self.name)
            kind = "".join(part.capitalize() for part in word.split("_"))
            return (
                f"/subscriptions/{self.settings.subscription}/resourceGroups/{group}"
                f"/providers/Microsoft.Standin/{kind}/{self.name}"
            )
        if self.settings.provider == "google":
            return f"projects/{self.values['project']}/{word}/{self.name}"
        return self.name if self.name != self.kind else self.digest[:32]

    def text(self, path: str) -> str:
        """A guess at a text value, from what it is called."""
        name = path.rsplit(".", 1)[-1]
        if name == "id":
            return self.default_id() if path == "id" else self.digest[:32]
        if name == "arn" or name.endswith("_arn"):
            word = self.kind.split("_", 1)[-1]
            tail = "" if name == "arn" else f"/{name.removesuffix('_arn')}"
            region = self.values["region"]
            return f"arn:aws:{word.split('_')[0]}:{region}:{self.settings.account}:{word}/{self.name}{tail}"
        if name in ("region", "location", "project") and self.values[name]:
            return str(self.values[name])
        for endings, value in self._by_ending(name, path):
            if name.endswith(endings):
                return value
        if f"{name}_prefix" in self.values:
            return f"{self.values[f'{name}_prefix']}{self.values['digits']}"
        return f"{name.replace('_', '-')}-{self.digest[:8]}"

    def _by_ending(self, name: str, path: str) -> tuple[tuple[tuple[str, ...], str], ...]:
        host = f"{self.name}.{self.settings.provider}.standin.invalid"
        return (
            (("self_link",), f"https://www.googleapis.com/{self.default_id()}"),
            (("connection_string",), f"Endpoint=sb://{host}/;SharedAccessKey={self.secret(path)}"),
            (("uri", "url", "endpoint"), f"https://{host}/{name.replace('_', '-')}"),
            (("hostname", "host_name", "domain_name", "fqdn", "host"), host),
            (("principal_id", "tenant_id", "client_id", "object_id", "uuid"), str(self.values["uuid"])),
            (("ip", "ip_address", "address"), "192.0.2.1"),
            (("key", "secret", "password", "token"), self.secret(path)),
            (("time", "timestamp", "date", "_at", "modified", "_on"), WHEN),
            (("etag", "fingerprint"), self.digest[:8]),
        )
