"""Which copier a transfer takes."""

from __future__ import annotations

from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.moving.copying.base import Copier, Patience
from twin2multicloud.moving.copying.graph import GraphCopier
from twin2multicloud.moving.copying.hot import HotCopier
from twin2multicloud.moving.copying.letters import LetterCopier
from twin2multicloud.moving.copying.objects import ObjectCopier
from twin2multicloud.moving.copying.states import StateCopier
from twin2multicloud.moving.driver import Driver
from twin2multicloud.moving.letters import SlotLetters
from twin2multicloud.moving.move import StoreKind, Transfer


def copier_of(transfer: Transfer, driver: Driver, spec: TwinSpec, patience: Patience) -> Copier:
    """What copies between the two stores."""
    source, target = transfer.source, transfer.target
    match transfer.kind:
        case StoreKind.HOT:
            return HotCopier(driver.hot(source), driver.hot(target), spec.device_names, patience)
        case StoreKind.OBJECTS:
            one, other = driver.objects(source), driver.objects(target)
            return ObjectCopier(one, other, transfer.storage_class, patience, regrouped=transfer.regrouped)
        case StoreKind.GRAPH:
            return GraphCopier(driver.graph(source), driver.graph(target), spec.models, patience)
        case StoreKind.LETTERS:
            here, there = (SlotLetters(driver.letters(store), store.owner) for store in (source, target))
            return LetterCopier(here, there, patience)
        case StoreKind.STATES:
            return StateCopier(driver.states(source), driver.states(target), state_keys(spec), patience)


def state_keys(spec: TwinSpec) -> list[tuple[str, str]]:
    """The (rule, device) pairs of which something may be remembered: edge rules, and the devices they look at."""
    by_type: dict[str, list[str]] = {}
    for group in spec.devices:
        by_type.setdefault(group.type, []).extend(group)
    return [
        (rule.name, device)
        for rule in spec.rules
        if rule.trigger == "edge"
        for device in (rule.devices or by_type.get(rule.device_type, ()))
    ]
