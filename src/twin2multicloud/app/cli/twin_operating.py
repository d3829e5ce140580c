"""What `twins states` and `twins dead-letters` do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, moment, print_model, print_models, print_table
from twin2multicloud.app.cli.terminal import printable
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.operating import StateSummary
from twin2multicloud.app.schemas.sandboxes import CloudName, DeadLetter, Letters
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.model.errors import UsageError

_SHORT: Final = 12
"""Characters of an id that tell letters apart."""


def states(client: Client, twin: str, target: Target, json_output: bool) -> int:
    """`twins states`."""
    found = client.operating.states(client.twins.find(twin), target)
    if json_output:
        print_models(found)
        return 0
    print_table(
        ("stack", ">version", ">resources", "saved (UTC)", "run", "locked by"),
        (_state(each) for each in found),
        "no states",
    )
    return 0


def _state(state: StateSummary) -> tuple[str, ...]:
    lock = state.lock
    held = NONE if lock is None else f"{lock.who or lock.run} since {moment(lock.since)} ({lock.liveness}): {lock.id}"
    version = NONE if state.version is None else str(state.version)
    return (state.stack, version, f"{state.resources:,}", moment(state.saved_at), state.run or NONE, held)


def list_letters(client: Client, twin: str, cloud: CloudName | None, limit: int, json_output: bool) -> int:
    """`twins dead-letters list`."""
    found = client.operating.letters(client.twins.find(twin), cloud, limit)
    if json_output:
        print_models(found)
        return 0
    print_table(
        ("id", "cloud", "device", "stuck at", "time (UTC)", "reason"),
        (_letter(each) for each in found),
        "no dead letters",
    )
    if len(found) == limit:
        say(f"these are the first {limit:,}; there may be more (--limit)")
    return 0


def _letter(letter: DeadLetter) -> tuple[str, ...]:
    at = letter.at[:19].replace("T", " ")
    return (letter.id[:_SHORT], letter.cloud, letter.device, letter.component, at, letter.reason)


def show_letter(client: Client, twin: str, letter: str, json_output: bool) -> int:
    """`twins dead-letters show`."""
    found = client.operating.letter(client.twins.find(twin), letter)
    if json_output:
        print_model(found)
        return 0
    for name in ("id", "device", "component", "topic", "at", "trace", "reason", "cloud"):
        sys.stdout.write(f"{name:<10} {printable(str(getattr(found, name)))}\n")
    sys.stdout.write(f"\n{printable(found.body)}\n")
    return 0


def replay(client: Client, twin: str, ids: Sequence[str], all_letters: bool, json_output: bool) -> int:
    """`twins dead-letters replay`; exit code 6 if one could not be."""
    done = client.operating.replay(client.twins.find(twin), _chosen(ids, all_letters))
    if json_output:
        print_model(done)
    else:
        for kept in done.kept:
            say(f"{str(kept['id'])[:_SHORT]}: {kept['problem']}")
        say(f"{len(done.done):,} replayed")
    return 6 if done.kept else 0


def drop(client: Client, twin: str, ids: Sequence[str], all_letters: bool, json_output: bool) -> int:
    """`twins dead-letters drop`."""
    done = client.operating.drop(client.twins.find(twin), _chosen(ids, all_letters))
    if json_output:
        print_model(done)
    else:
        say(f"{len(done.done):,} dropped")
    return 0


def _chosen(ids: Sequence[str], all_letters: bool) -> Letters:
    if bool(ids) == all_letters:
        raise UsageError("name dead letters by their ids, or all of them with --all")
    return Letters(all=True) if all_letters else Letters(ids=list(ids))
