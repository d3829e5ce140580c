"""What a twin's sandbox has to tell when something goes wrong, and what is done about it; of one in clouds its dead
letters.

They are asked over sockets, so nothing here takes a session: what changes something is noted afterwards.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final, Literal

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import InvalidError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.redaction import redacted_text
from twin2multicloud.app.schemas import sandboxes as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import audit, cloud_letters, cursors
from twin2multicloud.app.services.metering import compared, metered
from twin2multicloud.app.services.sandboxes import moment, sandbox_of
from twin2multicloud.model.errors import Finding
from twin2multicloud.sandbox.faults import LINK_KINDS, STORE_KINDS, STORES, Fault, FaultKind
from twin2multicloud.sandbox.metering.compare import Comparison
from twin2multicloud.sandbox.metering.pace import pace_note

_MOST_LOG_BYTES: Final = 2 << 20
_MOST_LINE: Final = 2_000
_LOOK_S: Final = 0.1


def errors(backend: Backend, twin_id: str, cursor: str | None, limit: int) -> Page[shapes.TwinError]:
    """Errors of all its clouds, folded, what came last first."""
    found, _ = sandbox_of(backend, twin_id).errors()
    rows = sorted(((error.last or 0.0, cloud, error.key, error) for cloud, error in found), key=lambda row: row[:3])
    rows.reverse()
    if cursor is not None:
        after = cursors.decoded(cursor, tuple[float, str, str])
        rows = [row for row in rows if row[:3] < after]
    shown = [
        shapes.TwinError(
            cloud=cloud,
            layer=error.layer,
            severity=error.severity,
            kind=error.kind,
            message=error.message,
            component=error.component,
            device=error.device,
            link=error.link,
            trace=error.trace,
            count=error.count,
            first_at=moment(error.first),
            last_at=moment(error.last),
        )
        for _, cloud, _, error in rows[:limit]
    ]
    return Page(items=shown, next=cursors.encoded(rows[limit - 1][:3]) if len(rows) > limit else None)


def logs(backend: Backend, twin_id: str, cloud: str | None, lines: int) -> shapes.Logs:
    """The last lines of its processes' logs, without what looks like a secret."""
    client = sandbox_of(backend, twin_id)
    names = [*client.config.clouds, "supervisor"]
    if cloud is not None and cloud not in names:
        raise InvalidError(
            f"cloud: '{cloud}' is none of this sandbox", findings=[Finding("cloud", f"is one of {', '.join(names)}")]
        )
    return shapes.Logs(
        lines=[
            shapes.LogLine(cloud=name, text=redacted_text(line[:_MOST_LINE]))
            for name in ([cloud] if cloud is not None else names)
            for line in _end_of(client.layout.log(name), lines)
        ]
    )


def letters(
    backend: Backend, twin_id: str, target: shapes.LettersTarget, cloud: str | None, limit: int
) -> list[shapes.DeadLetter]:
    """Dead letters, at most so many."""
    if target == "clouds":
        return cloud_letters.letters(backend, twin_id, cloud, limit)
    found: list[shapes.DeadLetter] = []
    for name, letter in sandbox_of(backend, twin_id).dead_letters(cloud or ""):
        if len(found) == limit:
            break
        found.append(shapes.DeadLetter(**_letter(name, letter)))
    return found


def letter(backend: Backend, twin_id: str, target: shapes.LettersTarget, letter_id: str) -> shapes.WholeDeadLetter:
    """One of them with what it holds."""
    if target == "clouds":
        return cloud_letters.letter(backend, twin_id, letter_id)
    cloud, found = sandbox_of(backend, twin_id).dead_letter(letter_id)
    more = {name: str(found.get(name, "")) for name in ("topic", "trace", "body")}
    return shapes.WholeDeadLetter(**_letter(cloud, found), **more)


def settle_letters(
    backend: Backend,
    principal: Principal,
    twin_id: str,
    target: shapes.LettersTarget,
    verb: Literal["replay", "drop"],
    given: shapes.Letters,
) -> shapes.LettersDone:
    """Put dead letters back where they came from, or throw them away."""
    word = "replayed" if verb == "replay" else "dropped"
    if target == "clouds":
        settled = cloud_letters.settle(backend, twin_id, verb, given)
    else:
        client = sandbox_of(backend, twin_id)
        done = (client.replay if verb == "replay" else client.drop)(tuple(given.ids), all=given.all)
        settled = shapes.LettersDone(done=[str(each) for each in done[word]], kept=list(done.get("kept", [])))
    message = f"{principal.name} {word} {len(settled.done):,} dead letters"
    _note(backend, principal, twin_id, f"letters.{word}", message, target, letters=len(settled.done))
    return settled


def inject(backend: Backend, principal: Principal, twin_id: str, given: shapes.FaultInput) -> list[str]:
    """Have something go wrong; the clouds in which it does."""
    client = sandbox_of(backend, twin_id)
    clouds = tuple(client.config.clouds)
    if given.kind in ("kill", "outage", "clock-jump"):
        if given.target not in (*clouds, *(("",) if given.kind != "kill" else ())):
            raise _no_target(given, clouds)
        if given.kind == "kill":
            client.kill(given.target, given.seconds)
            where: tuple[str, ...] = (given.target,)
        elif given.kind == "clock-jump":
            client.set_clock(jump=given.seconds, cloud=given.target)
            where = (given.target,) if given.target else clouds
        else:
            where = client.inject(Fault(FaultKind.OUTAGE, until=_until(given)), (given.target,) if given.target else ())
    else:
        kind = FaultKind(given.kind)
        links = [link.edge for link in client.blueprint.links if link.apart or not link.push]
        if kind in LINK_KINDS and given.target and given.target not in links:
            raise _no_target(given, links)
        if kind in STORE_KINDS and given.target not in STORES:
            raise _no_target(given, STORES)
        where = client.inject(Fault(kind, given.target, given.rate, given.seconds, until=_until(given)))
    message = f"{principal.name} injected {given.kind}{f' on {given.target}' if given.target else ''}"
    _note(backend, principal, twin_id, "fault.injected", message, fault=given.kind, target=given.target)
    return list(where)


def clear_faults(backend: Backend, principal: Principal, twin_id: str) -> None:
    """Switch all faults off."""
    sandbox_of(backend, twin_id).clear_faults()
    _note(backend, principal, twin_id, "fault.cleared", f"{principal.name} cleared all faults")


def command(backend: Backend, principal: Principal, twin_id: str, given: shapes.CommandInput) -> shapes.CommandSent:
    """Send a command to a device, and wait for its answer as long as was asked for."""
    client = sandbox_of(backend, twin_id)
    sent = client.command(given.device, given.name, given.payload)
    message = f"{principal.name} sent {given.name} to {given.device}"
    _note(backend, principal, twin_id, "command.sent", message, device=given.device, command=given.name)
    deadline = time.monotonic() + given.wait_s
    while (answer := client.result(given.device, sent)) is None and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    return shapes.CommandSent(id=sent, device=given.device, name=given.name, answer=answer)


def meters(backend: Backend, twin_id: str) -> shapes.Meters:
    """What was counted, and a month of it beside what was predicted."""
    client = sandbox_of(backend, twin_id)
    found = metered(backend, client)
    counts = [
        shapes.MeterCount(cloud=cloud, meter=each.meter, amount=each.amount, unit=each.unit)
        for cloud in client.config.clouds
        for each in client.cloud_status(cloud).meters
    ]
    month = None if found.month is None else _month(found.month)
    note = "" if found.month is None else pace_note(found.month.hurried_share)
    return shapes.Meters(elapsed_s=found.elapsed_s, meters=counts, month=month, problem=found.problem, note=note)


# ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────────
def _note(
    backend: Backend,
    principal: Principal,
    twin_id: str,
    action: str,
    message: str,
    target: str = "sandbox",
    **details: Any,
) -> None:
    with backend.database.write() as session:
        twin = session.get(Twin, twin_id)
        if twin is None:
            return
        event = NewEvent(twin.workspace_id, action, message, twin_id=twin.id, data={"target": target, **details})
        backend.events.add(session, event)
        audit.note(backend, session, principal, action, twin.id, workspace_id=twin.workspace_id, **details)


def _month(found: Comparison) -> shapes.MonthCompared:
    return shapes.MonthCompared(
        messages=found.messages,
        usd_predicted=found.usd.predicted,
        usd_metered=found.usd.metered,
        meters=[shapes.MeterComparison(**facts) for facts in compared(found)],
    )


def _letter(cloud: str, found: dict[str, Any]) -> dict[str, str]:
    return {
        "cloud": cloud,
        **{name: str(found.get(name, "")) for name in ("id", "device", "component", "at", "reason")},
    }


def _no_target(given: shapes.FaultInput, known: Any) -> InvalidError:
    names = ", ".join(known)
    return InvalidError(
        f"target: {given.kind} needs one of {names}", findings=[Finding("target", f"is one of {names}", given.target)]
    )


def _until(given: shapes.FaultInput) -> float | None:
    return None if given.duration_s is None else time.time() + given.duration_s


def _end_of(file: Path, lines: int) -> list[str]:
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(size - _MOST_LOG_BYTES, 0))
            found = stream.read(_MOST_LOG_BYTES).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    return found[1 if size > _MOST_LOG_BYTES else 0 :][-lines:]
