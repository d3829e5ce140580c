"""What `twins states`, `twins dead-letters` and `twins inject` do."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Final, get_args

from pydantic import ValidationError

from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, moment, print_model, print_models, print_table
from twin2multicloud.app.cli.sandbox_faults import CLEAR, FaultRequest, told
from twin2multicloud.app.cli.terminal import printable
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.operating import StateSummary
from twin2multicloud.app.schemas.sandboxes import CloudName, DeadLetter, FaultInput, Letters, LettersTarget
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.model.errors import UsageError

_SHORT: Final = 12
"""Characters of an id that tell letters apart."""
_SAID: Final[Mapping[str, str]] = {
    "target": "TARGET",
    "rate": "--rate",
    "seconds": "--seconds",
    "duration_s": "--for",
}
"""How options say what the API takes of a fault."""


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


def list_letters(
    client: Client, twin: str, target: LettersTarget, cloud: CloudName | None, limit: int, json_output: bool
) -> int:
    """`twins dead-letters list`."""
    found = client.operating.letters(client.twins.find(twin), cloud, limit, target=target)
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


def show_letter(client: Client, twin: str, target: LettersTarget, letter: str, json_output: bool) -> int:
    """`twins dead-letters show`."""
    found = client.operating.letter(client.twins.find(twin), letter, target=target)
    if json_output:
        print_model(found)
        return 0
    for name in ("id", "device", "component", "topic", "at", "trace", "reason", "cloud"):
        sys.stdout.write(f"{name:<10} {printable(str(getattr(found, name)))}\n")
    sys.stdout.write(f"\n{printable(found.body)}\n")
    return 0


def replay(
    client: Client, twin: str, target: LettersTarget, ids: Sequence[str], all_letters: bool, json_output: bool
) -> int:
    """`twins dead-letters replay`; exit code 6 if one could not be."""
    done = client.operating.replay(client.twins.find(twin), _chosen(ids, all_letters), target=target)
    if json_output:
        print_model(done)
    else:
        for kept in done.kept:
            say(f"{str(kept['id'])[:_SHORT]}: {kept['problem']}")
        say(f"{len(done.done):,} replayed")
    return 6 if done.kept else 0


def drop(
    client: Client, twin: str, target: LettersTarget, ids: Sequence[str], all_letters: bool, json_output: bool
) -> int:
    """`twins dead-letters drop`."""
    done = client.operating.drop(client.twins.find(twin), _chosen(ids, all_letters), target=target)
    if json_output:
        print_model(done)
    else:
        say(f"{len(done.done):,} dropped")
    return 0


def inject(client: Client, twin: str, request: FaultRequest, json_output: bool) -> int:
    """`twins inject`: switch a fault of its sandbox on, or all off."""
    found = client.operating
    wanted = client.twins.find(twin)
    where: Sequence[str] = ()
    if request.fault == CLEAR:
        found.clear_faults(wanted)
    else:
        where = found.inject(wanted, _fault(request)).clouds
    return told(request, where, f"twins inject {printable(twin)} {CLEAR}", json_output)


def _fault(request: FaultRequest) -> FaultInput:
    """As the API takes it; `UsageError` names the options that it does not."""
    given = {"kind": request.fault, "target": request.target, "rate": request.rate, "seconds": request.seconds}
    kinds = get_args(FaultInput.model_fields["kind"].annotation)
    if request.fault not in kinds:
        raise UsageError(f"'{printable(request.fault)[:40]}' is no fault; there are {', '.join([*kinds, CLEAR])}")
    try:
        return FaultInput.model_validate({**given, "duration_s": request.duration})
    except ValidationError as error:
        wrong = [
            f"{_SAID[str(each['loc'][0])]}: {printable(str(each['input']))[:40]} {_fault_of(each['msg'])}"
            for each in error.errors(include_url=False)
        ]
        raise UsageError("; ".join(wrong)) from error


def _fault_of(message: str) -> str:
    """What is wrong with a value, to be read after it."""
    return message.removeprefix("Value error, ").replace("Input should be", "should be")


def _chosen(ids: Sequence[str], all_letters: bool) -> Letters:
    if bool(ids) == all_letters:
        raise UsageError("name dead letters by their ids, or all of them with --all")
    return Letters(all=True) if all_letters else Letters(ids=list(ids))
