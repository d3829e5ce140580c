"""Every local store, by the name of its gate, opened in a directory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.contracts.base import at, record
from twin2multicloud.runtime.adapters.local.commands import LocalCommands
from twin2multicloud.runtime.adapters.local.database import Gate, open_gate
from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.nonces import LocalNonces
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.adapters.local.queues import Queues
from twin2multicloud.runtime.adapters.local.rule_states import LocalRuleStates
from twin2multicloud.runtime.adapters.local.secrets import LocalSecrets
from twin2multicloud.runtime.ports import Command, DeadLetter, EntityState, RuleState

OPEN: Final[dict[str, Callable[[Path, Gate], Any]]] = {
    "hot": lambda directory, gate: LocalHotStore(directory / "hot.db", gate=gate),
    "objects": lambda directory, gate: LocalObjectStore(directory / "objects", gate=gate),
    "queues": lambda directory, gate: Queues(directory / "queues.db", gate=gate),
    "graph": lambda directory, gate: LocalTwinGraph(directory / "graph.db", gate=gate),
    "dead_letters": lambda directory, gate: LocalDeadLetters(directory / "letters.db", gate=gate),
    "rule_states": lambda directory, gate: LocalRuleStates(directory / "rules.db", gate=gate),
    "nonces": lambda directory, gate: LocalNonces(directory / "nonces.db", gate=gate),
    "secrets": lambda directory, gate: LocalSecrets(directory / "secrets.db", gate=gate),
    "commands": lambda directory, gate: LocalCommands(directory / "commands.db", per_device=10**6, gate=gate),
}


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A directory for tests that open stores hundreds of times: in memory, if the machine has such a place."""
    shared = Path("/dev/shm")
    return tempfile.TemporaryDirectory(dir=shared if shared.is_dir() and os.access(shared, os.W_OK) else None)


def open_store(name: str, directory: Path, gate: Gate = open_gate) -> Any:
    """Open one."""
    return OPEN[name](directory, gate)


TEXT: Final = "x" * 4000


def write(name: str, store: Any, number: int) -> None:
    """Write the numbered piece of content, about 4 KB, into a store."""
    id = f"{number:06d}"
    match name:
        case "hot":
            store.put([record("device", at(number % 3000), id=id, data={"text": TEXT})])
        case "objects":
            store.create(id, TEXT.encode(), {"pad": TEXT[:1500]}, "cool")
        case "queues":
            store.queue("intake").send([id.encode() + TEXT.encode()])
        case "graph":
            store.put_entities([EntityState(id, "dtmi:x;1", {"text": TEXT}, {})])
        case "dead_letters":
            store.put([DeadLetter(id, "intake", "poison", TEXT.encode(), at(1))])
        case "rule_states":
            store.save({(id, TEXT): RuleState(version=1)})
        case "nonces":
            assert store.first_use(id, TEXT, 1e12)
        case "secrets":
            store.put(id, TEXT)
        case "commands":
            store.send([Command(id, "device", "set", {"text": TEXT})])


def written(name: str, store: Any, most: int) -> set[int]:
    """The numbers below `most` that are in a store, whole."""
    match name:
        case "hot":
            found = [event.id for event in store.between(["device"], at(0), at(3599)) if event.data == {"text": TEXT}]
            assert store.count() == len(found)
        case "objects":
            found = [each.key for each in store.list("", limit=most) if store.get(each.key) == TEXT.encode()]
        case "queues":
            queue = store.queue("intake")
            messages = queue.receive(most)
            found = [message.body[:6].decode() for message in messages if message.body[6:] == TEXT.encode()]
            queue.nack([message.id for message in messages])
            assert queue.depth() == len(found)
        case "graph":
            found = [each.id for each in store.entities(limit=most) if each.values == {"text": TEXT}]
        case "dead_letters":
            found = [letter.id for letter in store.list(limit=most) if letter.body == TEXT.encode()]
        case "rule_states":
            found = [rule for rule, _ in store.load([(f"{number:06d}", TEXT) for number in range(most)])]
        case "nonces":
            with store.database.held() as db:
                found = [link for (link,) in db.execute("SELECT link FROM nonces")]
        case "secrets":
            found = [key for key in store.names() if store.get(key) == TEXT]
        case _:
            found = [command.id for command in store.pending("device", most)]
    return {int(id) for id in found}
