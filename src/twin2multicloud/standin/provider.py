"""One provider: what it answers to each question of Terraform's core, in plain values. `rpc.py` speaks the protocol."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

from twin2multicloud.standin import overlay, planning
from twin2multicloud.standin.checks import Problem, check
from twin2multicloud.standin.hooks import CHECKS, READERS
from twin2multicloud.standin.naming import PROJECT, SUBSCRIPTION, TENANT, Names, Settings, name_of
from twin2multicloud.standin.overlay import NO_RULES, Overlay, Parent, Rules
from twin2multicloud.standin.scenario import Failure, Fate, Verb
from twin2multicloud.standin.schema import Block, ProviderSchema
from twin2multicloud.standin.values import UNKNOWN, State, conform
from twin2multicloud.standin.words import problem_of
from twin2multicloud.standin.world import World, WorldObject

GROUP: Final = "azurerm_resource_group"

DEFAULT_REGIONS: Final = {"aws": "us-east-1", "google": "us-central1"}

LOOK_S: Final = 0.1
"""How often a slow operation looks whether it is to go on."""

WORLDWIDE: Final = ("aws_iam_", "aws_s3_", "aws_budgets_", "aws_cloudfront_", "aws_route53_")
"""Beginnings of AWS's types whose names no two objects share in any region."""


@dataclass(frozen=True)
class Planned:
    """A plan: the new state, and the arguments whose change replaces the object."""

    state: State | None
    replaced_by: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Applied:
    """What an apply left: the state to keep, and what went wrong."""

    state: State | None
    problems: list[Problem] = field(default_factory=list)


class Provider:
    """A provider over a world; without a world every object is as its state says, and no name is taken.

    It has one configuration: for another caller take `another`.
    """

    def __init__(self, name: str, schema: ProviderSchema, rules: Overlay, world: World | None, fate: Fate) -> None:
        self.name = name
        self.schema = schema
        self._overlay = rules
        self._world = world
        self._fate = fate
        self._settings = Settings(provider=name, region=DEFAULT_REGIONS.get(name, ""))
        self._stopped = threading.Event()
        self._ended = threading.Event()

    def another(self) -> Provider:
        """The same provider for another caller, not configured yet."""
        twin = Provider(self.name, self.schema, self._overlay, self._world, self._fate)
        twin._ended = self._ended
        return twin

    def rules(self, kind: str, *, data: bool = False) -> Rules:
        """A type's rules."""
        return self._overlay.get(f"data.{kind}" if data else kind, NO_RULES)

    def secrets(self, kind: str, *, data: bool = False) -> frozenset[str]:
        """The paths of a type's secrets."""
        rules = self._overlay.get(f"data.{kind}" if data else kind)
        return overlay.secrets(self._block(kind, data=data), rules)

    def _block(self, kind: str, *, data: bool = False) -> Block:
        schemas = self.schema.data_source_schemas if data else self.schema.resource_schemas
        return schemas[kind].block

    def configure(self, config: State) -> list[Problem]:
        """Take the settings of a provider block, unless its credentials are no good in this scenario."""
        self._stopped.clear()
        self._settings = Settings(
            provider=self.name,
            region=_text(config, "region") or DEFAULT_REGIONS.get(self.name, ""),
            subscription=_text(config, "subscription_id") or SUBSCRIPTION,
            tenant=_text(config, "tenant_id") or TENANT,
            project=_text(config, "project") or PROJECT,
            common_tags=_common_tags(self.name, config),
        )
        failure = self._fate.failure(self.name, self.name, "configure")
        return [problem_of(failure, self._names(self.name, {}), "configure")] if failure else []

    def stop(self) -> None:
        """Terraform was interrupted: what waits for a slow cloud may give up."""
        self._stopped.set()

    def end(self) -> None:
        """The provider ends for all callers, and with it what is under way, as a process would that is told to go."""
        self._ended.set()

    def validate(self, kind: str, config: State, *, data: bool = False) -> list[Problem]:
        """All that is wrong with a configuration."""
        problems = check(self._block(kind, data=data), self.rules(kind, data=data), config)
        if not data and (hook := CHECKS.get(kind)):
            problems.extend(hook(config))
        return problems

    def upgrade(self, kind: str, state: State) -> State:
        """A state of another schema version, as this one's."""
        return conform(self._block(kind), state)

    def read(self, kind: str, state: State) -> Applied:
        """What an object is now: changed or gone, if the world says so."""
        if problem := self._interfere(kind, state, "read"):
            return Applied(state, [problem])
        if self._world is None:
            return Applied(state)
        found = self._world.get(kind, self._key(kind, state))
        return Applied(None if found is None else conform(self._block(kind), {**state, **found.values}))

    def plan(self, kind: str, prior: State | None, proposed: State | None) -> Planned:
        """What would be done; a `proposed` of None is a deletion."""
        if proposed is None:
            return Planned(None)
        block, rules = self._block(kind), self.rules(kind)
        planned = planning.plan(block, rules, self._settings.common_tags, prior, proposed)
        for argument, value in (("region", self._settings.region), ("project", self._settings.project)):
            if planned.get(argument) is UNKNOWN and value:
                planned[argument] = value  # what the provider's configuration says is known before apply
        return Planned(planned, [] if prior is None else planning.replaced_by(block, rules, prior, planned))

    def apply(self, kind: str, prior: State | None, planned: State | None) -> Applied:
        """Do what was planned, and tell what is then."""
        if planned is None:
            return self._delete(kind, prior or {})
        verb: Verb = "create" if prior is None else "update"
        rules, names = self.rules(kind), self._names(kind, _known(planned))
        state = planning.answer(self._block(kind), rules, names, self._tagged(kind, planned))
        failure = self._fate.failure(kind, name_of(kind, state), verb)
        if problem := self._wait(kind, state, verb):
            return Applied(prior, [problem])
        thing = WorldObject(kind, self._key(kind, state), str(state.get("id") or ""), state)
        if failure is not None:
            problem = problem_of(failure, self._names(kind, state), verb)
            if failure.leaves == "nothing" or prior is not None:
                return Applied(prior, [problem])
            if self._world is not None:
                self._world.put(thing)
            return Applied(state, [problem])
        if self._world is None:
            return Applied(state)
        if missing := self._missing_parent(kind, state, names):
            return Applied(prior, [missing])
        if verb == "update" or rules.upsert:
            self._world.put(thing)
        elif not self._world.add(thing):
            taken = Failure(kind="exists")
            return Applied(None, [problem_of(taken, self._names(kind, state), verb)])
        return Applied(state)

    def _delete(self, kind: str, prior: State) -> Applied:
        if problem := self._interfere(kind, prior, "delete"):
            return Applied(prior, [problem])
        if problem := self._protecting(kind, prior) or self._holding(kind, prior):
            return Applied(prior, [problem])
        if self._world is not None:
            self._world.remove(kind, self._key(kind, prior))
        return Applied(None)

    def import_(self, kind: str, identifier: str) -> Applied:
        """An object that exists, by its id."""
        block = self._block(kind)
        if problem := self._interfere(kind, {"id": identifier}, "import"):
            return Applied(None, [problem])
        if self._world is None:
            return Applied(conform(block, {"id": identifier}))
        for thing in self._world.objects(kind):
            if identifier in (thing.id, thing.key, thing.key.partition("/")[2]):
                return Applied(conform(block, thing.values))
        return Applied(
            None,
            [
                Problem(
                    "Cannot import non-existent remote object",
                    f"While attempting to import an existing object to {kind!r}, the provider detected that no object "
                    f"exists with the given id {identifier!r}.",
                )
            ],
        )

    def read_data(self, kind: str, config: State) -> Applied:
        """A data source: computed here, else the world's object of that name, else plausible values."""
        if problem := self._interfere(kind, config, "data"):
            return Applied(None, [problem])
        block, rules = self._block(kind, data=True), self.rules(kind, data=True)
        asked = planning.mark(block, None, planning.with_defaults(block, rules, config))
        # Some data sources answer with what was not asked for, though their schema calls it an argument only.
        asked |= {name: UNKNOWN for name in rules.values if name in asked and asked[name] is None}
        if hook := READERS.get(kind):
            asked |= hook(config)
        elif thing := self._same_values(kind, config):
            asked |= {k: v for k, v in thing.values.items() if k in block.attributes and asked[k] is UNKNOWN}
        elif rules.must_exist and self._world is not None:
            return Applied(None, [problem_of(Failure(kind="not-found"), self._names(kind, config), "data")])
        return Applied(planning.answer(block, rules, self._names(kind, _known(asked)), asked))

    def _same_values(self, kind: str, config: State) -> WorldObject | None:
        """The object that a data source looks up: the one of its type with the same values as asked for."""
        if self._world is None or kind not in self.schema.resource_schemas:
            return None
        asked = {key: value for key, value in config.items() if isinstance(value, str)}
        if not asked:
            return None
        found = (t for t in self._world.objects(kind) if all(t.values.get(k) == v for k, v in asked.items()))
        return next(found, None)

    def _names(self, kind: str, state: State) -> Names:
        return Names(self._settings, kind, state)

    def _key(self, kind: str, state: State) -> str:
        """What makes an object itself, among those of its type: on AWS most names are a region's own."""
        rules = self.rules(kind)
        names = self._names(kind, state)
        key = str(names.fill(rules.key) if rules.key else state.get("id") or "")
        regional = self.name == "aws" and key and not kind.startswith(WORLDWIDE)
        return f"{names.values['region']}/{key}" if regional else key

    def _tagged(self, kind: str, state: State) -> State:
        """A planned state with merged tags worked out that could not be when it was planned."""
        return planning.merge_tags(self._block(kind), self._settings.common_tags, state)

    def _parents(self, kind: str) -> tuple[Parent, ...]:
        grouped = kind != GROUP and kind.startswith("azurerm_")
        if grouped and "resource_group_name" in self._block(kind).attributes:
            return (Parent(GROUP, "resource_group_name", keeps=True), *self.rules(kind).parents)
        return self.rules(kind).parents

    def _missing_parent(self, kind: str, state: State, names: Names) -> Problem | None:
        for parent in self._parents(kind):
            wanted = state.get(parent.by)
            if self._world is None or not isinstance(wanted, str) or not wanted:
                continue
            kinds = parent.type.split("|")
            if not any(_is_called(thing, wanted) for each in kinds for thing in self._world.objects(each)):
                names.values.update(parent=wanted, parent_type=kinds[0])
                return problem_of(Failure(kind="no-parent"), names, "create")
        return None

    def _protecting(self, kind: str, state: State) -> Problem | None:
        """The argument that forbids a deletion, if it does."""
        for argument, value in self.rules(kind).protected_by.items():
            if state.get(argument) == value:
                names = self._names(kind, state)
                names.values.update(argument=argument, value=json.dumps(value))
                return problem_of(Failure(kind="protected"), names, "delete")
        return None

    def _holding(self, kind: str, state: State) -> Problem | None:
        """What stands in the way of a deletion: an object that is in this one."""
        thing = None if self._world is None else self._world.get(kind, self._key(kind, state))
        if thing is None or self._world is None:
            return None
        for child, schema in self.schema.resource_schemas.items():
            for parent in self._parents(child):
                if kind not in parent.type.split("|") or not parent.keeps or parent.by not in schema.block.attributes:
                    continue
                for other in self._world.objects(child):
                    if _is_called(thing, str(other.values.get(parent.by))):
                        names = self._names(kind, state)
                        names.values.update(child=other.id, child_type=child)
                        return problem_of(Failure(kind="in-use"), names, "delete")
        return None

    def _interfere(self, kind: str, state: State, verb: Verb) -> Problem | None:
        """What the scenario does to an operation: slow it down, or let it fail."""
        failure = self._fate.failure(kind, name_of(kind, state), verb)
        if problem := self._wait(kind, state, verb):
            return problem
        return problem_of(failure, self._names(kind, state), verb) if failure else None

    def _wait(self, kind: str, state: State, verb: Verb) -> Problem | None:
        seconds = self._fate.scenario.delay(kind, name_of(kind, state), verb)
        if seconds <= 0:
            return None
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            stopped = self._stopped.is_set() and self._fate.scenario.on_stop == "cancel"
            if stopped or self._ended.wait(min(left, LOOK_S)):
                return Problem(f"waiting for {kind} ({name_of(kind, state)}): context canceled")
        return None


def _common_tags(provider: str, config: State) -> dict[str, str]:
    """The tags or labels that everything gets: those of the configuration, and Google's mark of Terraform's work."""
    tags: dict[str, str] = dict(config.get("default_labels") or {})
    for block in config.get("default_tags") or []:
        tags.update(block.get("tags") or {})
    if provider == "google" and config.get("add_terraform_attribution_label") is not False:
        tags["goog-terraform-provisioned"] = "true"
    return tags


def _is_called(thing: WorldObject, reference: str) -> bool:
    """Whether a reference means this object: by its id, its ARN, its name, its URL. Azure's ids have no case."""
    told = (thing.id, thing.key, *(value for value in thing.values.values() if isinstance(value, str)))
    return any(reference == value or reference.casefold() == value.casefold() for value in told)


def _text(config: State, key: str) -> str:
    value: Any = config.get(key)
    return value if isinstance(value, str) else ""


def _known(state: State) -> State:
    return {key: value for key, value in state.items() if value is not UNKNOWN}
