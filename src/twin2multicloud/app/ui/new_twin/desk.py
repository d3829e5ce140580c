"""All that belongs to a draft while it is open: what is written, what is wrong with it, what it costs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas.catalogue import Checked, Offer, Region
from twin2multicloud.app.schemas.drafts import Draft
from twin2multicloud.app.schemas.problems import FieldProblem
from twin2multicloud.app.schemas.questions import DefinitionInput
from twin2multicloud.app.schemas.twins import Twin, TwinInput
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.new_twin import costs, fleet
from twin2multicloud.app.ui.new_twin.costs import Costs
from twin2multicloud.app.ui.new_twin.editor import Editor
from twin2multicloud.app.ui.new_twin.latest import Latest
from twin2multicloud.app.ui.new_twin.saving import Asks, Saving, written_of
from twin2multicloud.app.ui.new_twin.sections import Section, section_of
from twin2multicloud.app.ui.remote import Remote
from twin2multicloud.model.editing.document import Document
from twin2multicloud.model.parsing import field_name

PAUSE_S: Final = 0.3
"""How long somebody must not type for before it is checked and priced."""


class Desk:
    """An open draft."""

    def __init__(
        self, draft: Draft, ask: Asks, now: Callable[[], datetime], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.editor = Editor(written_of(draft), clock)
        self.saving = Saving(draft, self.editor, ask, now)
        self.checks: Latest[Checked] = Latest(self._check, PAUSE_S)
        self.costs: Latest[Costs] = Latest(self._price, PAUSE_S)
        self._ask = ask
        self.offers: Remote[dict[str, Offer]] = Remote(lambda: ask(_offers))
        self.regions: Remote[list[Region]] = Remote(lambda: ask(lambda api: list(api.catalogue.regions())))
        self.in_text = False
        self.done = False
        self._priced: Any = None
        self._fleet: list[Any] = []
        self._resized: list[int] = []
        self._ends: list[Callable[[], None]] = []

    def begin(self, changed: Callable[[], None]) -> None:
        """Somebody looks; `changed` is called at every change of what is written."""
        self._ends = [self.saving.begin(), self.editor.watch(self._edited), self.editor.watch(changed)]
        self._priced = costs.key(self.editor)
        self.checks.now()
        self.costs.now()
        self.offers.refresh()
        self.regions.refresh()

    def end(self) -> None:
        """Nobody looks any more: what is not saved yet is saved now."""
        for end in self._ends:
            end()
        for each in (self.checks, self.costs, self.offers, self.regions):
            each.stop()

    def address(self, section: Section, item: str = "") -> str:
        """Where a section of it is, and a part of that."""
        return places.draft(self.saving.draft.id, section.value, item)

    def problem(self, *path: str | int) -> str | None:
        """What is wrong with the value at a path, as far as it was checked last."""
        if self.checks.value is None:
            return None
        name = field_name(path)
        found = [each.problem for each in self.checks.value.findings if each.field == name]
        return "; ".join(found) or None

    def problem_within(self, *path: str | int) -> str | None:
        """What is wrong with parts of the value at a path."""
        name = field_name(path)
        found = [each for each in self.findings if each.field.startswith((f"{name}[", f"{name}."))]
        return "; ".join(each.problem for each in found) or None

    def resize_fleet(self, devices: int) -> None:
        """Have about so many devices: counted groups grow and shrink in proportion, namely that from before somebody
        began to drag or type, which small numbers on the way would round away.
        """
        now = self.editor.items("devices")
        if fleet.counts(now) != self._resized:
            self._fleet = now
        counts = fleet.scaled(self._fleet, devices)
        stated = self.editor.at("workload", "devices") is not None
        total = sum(counts.values()) + sum(
            fleet.count_of(each) for index, each in enumerate(self.editor.items("devices")) if index not in counts
        )

        def change(document: Document) -> Document:
            for index, count in counts.items():
                document = document.set(("devices", index, "count"), count)
            return document.set(("workload", "devices"), total) if stated else document

        if counts:
            self.editor.change(change, "devices")
        self._resized = fleet.counts(self.editor.items("devices"))

    def count_group(self, index: int, count: int) -> None:
        """Have so many devices in a counted group, and say so in the workload where that says a number."""
        groups = self.editor.items("devices")
        total = fleet.total(groups) - fleet.count_of(groups[index]) + count
        stated = self.editor.at("workload", "devices") is not None

        def change(document: Document) -> Document:
            document = document.set(("devices", index, "count"), count)
            return document.set(("workload", "devices"), total) if stated else document

        if self.editor.at("devices", index, "count") != count:
            self.editor.change(change, f"devices[{index}]")

    def rename_file(self, path: str, new: str) -> None:
        """Call a file otherwise, wherever it is named."""
        self.editor.rename_file(path, new)
        for kind in self.editor.mapping("device_types"):
            for key in ("processor", "dtdl"):
                if self.editor.at("device_types", kind, key) == path:
                    self.editor.set(("device_types", kind, key), new)
        for index in range(len(self.editor.items("rules"))):
            for number in range(len(self.editor.items("rules", index, "actions"))):
                if self.editor.at("rules", index, "actions", number, "function") == path:
                    self.editor.set(("rules", index, "actions", number, "function"), new)

    def typing(self, there: bool) -> None:
        """Whether somebody is in a text field, whose own undoing Ctrl+Z is then."""
        self.in_text = there

    def wrong_in(self, *path: str | int) -> tuple[str, ...]:
        """All that is wrong with the value at a path and parts of it."""
        name = field_name(path)
        return tuple(
            str(each) for each in self.findings if each.field == name or each.field.startswith((f"{name}[", f"{name}."))
        )

    @property
    def unsaved(self) -> bool:
        """Whether something that is written is not kept yet."""
        return not self.done and self.editor.patch(written_of(self.saving.draft)) is not None

    @property
    def findings(self) -> list[FieldProblem]:
        """All that is wrong."""
        return [] if self.checks.value is None else self.checks.value.findings

    def troubled(self) -> Counter[Section]:
        """How much is wrong in each section."""
        return Counter(section_of(each.field) for each in self.findings)

    async def make_twin(self, over: int | None = None) -> Twin | int:
        """Keep what is written as a twin, or as the next version of one; the draft is done with then. A twin that is at
        another version than the draft began with stays, unless that is the one to go `over`: its number.
        """
        await self.saving.save()
        written, draft = self.editor.written, self.saving.draft
        given = TwinInput(source=written.text, format=written.format, files=dict(written.files))
        there = await self._twin()
        if there is None:
            made = await self._ask(lambda api: api.twins.create(given, draft.workspace))
        elif there.number not in (draft.twin_number, over):
            return there.number
        else:
            made = await self._ask(lambda api: api.twins.revise(there.id, given, there.version))
        await self._ask(lambda api: api.drafts.delete(self.saving.draft))
        self.done = True
        return made

    async def _twin(self) -> Twin | None:
        """The twin that is written on; None for a new one, which is what the draft of a twin that was deleted is of."""
        twin = self.saving.draft.twin
        if twin is None:
            return None
        try:
            return await self._ask(lambda api: api.twins.get(twin))
        except NotFoundError:
            self.saving.draft = await self._ask(lambda api: api.drafts.get(self.saving.draft.id))
            if self.saving.draft.twin is not None:
                raise
            return None

    def _edited(self) -> None:
        self.checks.want()
        if self.editor.readable:
            priced = costs.key(self.editor)
            if priced != self._priced:
                self._priced = priced
                self.costs.want()

    async def _check(self) -> Checked:
        written = self.editor.written
        if not written.text.strip():
            nothing = FieldProblem(field="", problem="is empty; begin with a name, a workload and a device type")
            return Checked(kind="twin", ok=False, findings=[nothing], warnings=[], summary=None)
        given = DefinitionInput(source=written.text, format=written.format, files=dict(written.files))
        return await self._ask(lambda api: api.catalogue.check(given))

    async def _price(self) -> Costs:
        source, form = costs.asked(self.editor)
        return await self._ask(lambda api: costs.ask(api, source, form))


def _offers(api: Client) -> dict[str, Offer]:
    return {each.id: each for each in api.catalogue.offers()}
