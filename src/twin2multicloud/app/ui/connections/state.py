"""Which connections are looked at, and what somebody fills in for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.connections import checked
from twin2multicloud.app.schemas.connections import Connection
from twin2multicloud.app.schemas.people import Workspace
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.connections.variants import Variant, document, of_config, variants
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.slots import Provider

Change = Literal["", "settings", "credentials"]
_MOST: Final = 200


@dataclass(frozen=True)
class Look:
    """Of which workspace, which connection's details, and what is being done: adding one (`add`: at which cloud), or
    changing that one.
    """

    workspace: str = ""
    connection: str = ""
    add: str = ""
    change: Change = ""

    @classmethod
    def read(cls, query: dict[str, str]) -> Look:
        """From an address; what makes no sense is left out."""
        add, change = query.get("add", ""), query.get("change", "")
        return cls(
            workspace=query.get("workspace", "")[:40],
            connection=query.get("connection", "")[:40],
            add=add if add in tuple(Provider) else "",
            change=change if change in get_args(Change) else "",  # type: ignore[arg-type]  # it is one of them
        )

    @property
    def path(self) -> str:
        """Its address."""
        return places.asked(
            places.CONNECTIONS,
            workspace=self.workspace,
            connection=self.connection,
            add=self.add,
            change=self.change,
        )

    def at(self, workspace: str) -> Look:
        """Another workspace's."""
        return Look(workspace=workspace)

    @property
    def listed(self) -> Look:
        """The list alone."""
        return Look(workspace=self.workspace)

    def opened(self, connection: str) -> Look:
        """With a connection's details."""
        return replace(self.listed, connection=connection)

    def adding(self, provider: Provider) -> Look:
        """Adding one."""
        return replace(self.listed, add=provider.value)

    def changing(self, change: Change) -> Look:
        """Changing the one whose details are in view."""
        return replace(self, add="", change=change)


@dataclass(frozen=True)
class Place:
    """The workspaces one is in, the one that is looked at, and what it has; None: one may not see that."""

    workspaces: Sequence[Workspace]
    workspace: Workspace | None
    connections: Sequence[Connection] | None


def load(api: Client, wanted: str) -> Place:
    """A workspace's connections: of the one that is wanted, or the first where one may see them."""
    places_in = list(api.workspaces.list())
    found = next((each for each in places_in if each.id == wanted), None)
    if found is None and not wanted:
        found = next((each for each in places_in if each.role != "viewer"), places_in[0] if places_in else None)
    if found is None or found.role in (None, "viewer"):
        return Place(places_in, found, None)
    return Place(places_in, found, list(api.connections.list(found.id, limit=_MOST)))


class Form(Store):
    """What somebody fills in: `values` by the fields' paths. It holds secrets until they are sent, and no longer."""

    def __init__(self, provider: Provider, change: Change = "", there: Connection | None = None) -> None:
        super().__init__()
        self.provider = provider
        self.change = change
        self.there = there
        self.values: dict[str, str] = {}
        self.problems: dict[str, str] = {}
        self.failure: Failure | None = None
        self.busy = False
        self.files: dict[str, str] = {}
        config = {} if there is None else there.config.model_dump(mode="json")
        self.variant: Variant = variants(provider)[0] if there is None else of_config(provider, config)
        if there is None:
            self.values["config.region"] = "eu-central-1"
        else:
            self.values["name"] = there.name
            self.values |= {f"config.{name}": value for name, value in config.items() if value is not None}

    @property
    def with_secrets(self) -> bool:
        """Whether credentials are given, too."""
        return self.change != "settings"

    def choose(self, key: str) -> None:
        """Another way to sign in; what was filled in stays."""
        self.variant = next(each for each in variants(self.provider) if each.key == key)
        self.changed()

    def fill(self, path: str, value: str) -> None:
        """Fill a field in. Nothing is shown anew unless a problem of it goes away."""
        self.values[path] = value
        if self.problems.pop(path, None) is not None:
            self.changed()

    def fill_file(self, path: str, content: str, name: str) -> None:
        """Fill a field in by a file."""
        self.files[path] = name
        self.values[path] = content
        self.problems.pop(path, None)
        self.changed()

    def document(self) -> dict[str, Any] | None:
        """What is to be sent; None with `problems` where something is not as it must be."""
        made = document(self.provider, self.variant, self.values, secrets=self.with_secrets)
        self.problems = {
            field.path: tr("is needed")
            for field in (self.variant.fields if self.with_secrets else self.variant.config)
            if field.needed and not self.values.get(field.path, "").strip()
        }
        if not made["name"]:
            self.problems["name"] = tr("is needed")
        if not self.problems and self.with_secrets:
            try:
                checked(made, tr("connection"))
            except InvalidInputError as error:
                self._take(error.findings)
        self.failure = None
        if self.problems:
            self.changed()
            return None
        return made

    def begin(self) -> None:
        """It is being sent."""
        self.busy, self.failure = True, None
        self.changed()

    def failed(self, failure: Failure) -> None:
        """It was refused: what fields it names stands at these, the rest above the form."""
        self.busy, self.failure = False, failure
        self._take(failure.findings)
        self.changed()

    def forget(self) -> None:
        """It was sent: no secret stays."""
        self.busy = False
        self.values.clear()
        self.files.clear()

    def _take(self, findings: Sequence[Finding]) -> None:
        paths: Mapping[str, str] = {"name": "name", **{field.path: field.path for field in self.variant.fields}}
        for each in findings:
            path = paths.get(each.field)
            if path is not None:
                self.problems[path] = each.problem
            elif self.failure is None:
                self.problems["name"] = str(each)


def send(api: Client, workspace: str, form: Form, made: Mapping[str, Any]) -> Connection:
    """Add, replace or change a connection."""
    if form.there is None:
        return api.connections.create(workspace, made)
    if form.change == "settings":
        return api.connections.change(form.there, name=made["name"], config=made["config"])
    return api.connections.replace(form.there, made)
