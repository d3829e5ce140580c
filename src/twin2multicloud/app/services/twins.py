"""Twins: their definitions, every version of them, and what there is of each."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import BindParameter, Select, bindparam, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal, role_on
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.db.tables.runs import Claim, Run
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Twin, TwinVersion
from twin2multicloud.app.errors import ConflictError, NotFoundError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.schemas import twins as shapes
from twin2multicloud.app.services import audit, summaries, untracked
from twin2multicloud.app.services.changes import check_seen, hold
from twin2multicloud.model.formats import Format, sniff

if TYPE_CHECKING:
    from twin2multicloud.model.twin.definition import TwinDefinition

# Asked with every look at a twin: put together once.
_TWINS: Final[BindParameter[Any]] = bindparam("twins", expanding=True)
_STACKS: Final = select(Stack).where(Stack.twin_id.in_(_TWINS)).order_by(Stack.target, Stack.name)
_VERSION: Final = select(TwinVersion).where(
    TwinVersion.twin_id == bindparam("twin"), TwinVersion.number == bindparam("number")
)


@dataclass(frozen=True)
class Checked:
    """A definition that was read without a finding, and the text it was read from."""

    definition: TwinDefinition
    source: str
    format: Format
    files: dict[str, str]


def check(given: shapes.TwinInput) -> Checked:
    """Read a definition; `InvalidInputError` with everything that is wrong with it. Takes no session: reading a large
    definition takes a while.
    """
    from twin2multicloud.model.twin.reader import parse_twin  # all that a definition may hold; lists tell of none of it

    form = given.format or sniff(given.source)
    return Checked(parse_twin(given.source, "source", form, files=given.files), given.source, form, dict(given.files))


def definition_of(version: TwinVersion) -> TwinDefinition:
    """The definition that a version holds."""
    from twin2multicloud.model.twin.reader import parse_twin  # as above

    return parse_twin(version.source, "source", format_of(version), files=version.files)


def check_again(version: TwinVersion) -> Checked:
    """A version's definition, to be kept once more; `InvalidInputError` where it is not sound by today's rules."""
    return Checked(definition_of(version), version.source, format_of(version), dict(version.files))


def format_of(version: TwinVersion) -> Format:
    """The format that a version's definition is written in."""
    return cast(Format, version.format)


def create(
    backend: Backend, session: Session, principal: Principal, workspace_id: str, checked: Checked, note: str
) -> Twin:
    """Keep a new twin. `ConflictError` if its workspace has one of that name."""
    now = backend.now()
    _check_name(session, workspace_id, checked.definition.name, None)
    twin = Twin(
        id=backend.make_id("twn"),
        workspace_id=workspace_id,
        name=checked.definition.name,
        description=checked.definition.description,
        number=1,
        created_by=principal.user_id,
        created_at=now,
        updated_at=now,
    )
    session.add(twin)
    session.flush()
    session.add(_version(twin, checked, principal, now, note, None))
    _tell(backend, session, principal, twin, "twin.created", f"{twin.name} was created by {principal.name}")
    return twin


def revise(
    backend: Backend, session: Session, principal: Principal, twin: Twin, seen: int, checked: Checked, note: str
) -> Twin:
    """Keep a new version of a twin's definition. `StaleError` if somebody else changed the twin since it was `seen`;
    `ConflictError` for a new name that is taken, or while something of the twin exists under the old one, or is about
    to. Its placement stays as it was, for whoever reviews it next.
    """
    claim(session, twin, seen)
    name = checked.definition.name
    if name != twin.name:
        _check_name(session, twin.workspace_id, name, twin.id)
        _check_nameable(session, twin, name)
    before = current(session, twin)
    add_version(backend, session, principal, twin, checked=checked, note=note, placed=before)
    _tell(
        backend, session, principal, twin, "twin.revised", f"{twin.name} is at version {twin.number} ({principal.name})"
    )
    return twin


def add_version(
    backend: Backend,
    session: Session,
    principal: Principal,
    twin: Twin,
    *,
    checked: Checked,
    note: str,
    placed: TwinVersion | None,
) -> TwinVersion:
    """The twin's next version, with the placement of another one (None: without any)."""
    now = backend.now()
    twin.number += 1
    twin.version += 1
    twin.name = checked.definition.name
    twin.description = checked.definition.description
    twin.updated_at = now
    version = _version(twin, checked, principal, now, note, placed)
    session.add(version)
    return version


def delete(backend: Backend, session: Session, principal: Principal, twin: Twin, seen: int) -> None:
    """Forget a twin with all its versions, runs and states. `ConflictError` while any resource of it exists,
    or may exist without anybody keeping track of it.
    """
    claim(session, twin, seen)
    runs = session.scalars(select(Run.id).where(Run.twin_id == twin.id, Run.ended_at.is_(None))).all()
    if runs:
        raise ConflictError(
            f"a run of '{twin.name}' is under way; wait for it or cancel it", details={"runs": list(runs)}
        )
    left = stacks_of(session, [twin.id])
    if left:
        told = ", ".join(f"{stack.name} ({stack.target})" for stack in left)
        raise ConflictError(
            f"'{twin.name}' still has resources: {told}. Destroy them first",
            details={"stacks": [{"name": s.name, "target": s.target, "site": s.site} for s in left]},
        )
    untracked.check_looked_after(session, twin)
    _tell(backend, session, principal, twin, "twin.deleted", f"{twin.name} was deleted by {principal.name}")
    session.delete(twin)


def claim(session: Session, twin: Twin, seen: int) -> None:
    """Be the only one who changes a twin until the transaction ends, if it is as it was when its ETag was seen;
    `StaleError` otherwise. Of several who saw the same version, one goes on and the others are told.
    """
    hold(session, twin)
    check_unchanged(twin, seen)


def check_unchanged(twin: Twin, seen: int) -> None:
    """`StaleError` unless the twin is as it was when its ETag was seen."""
    check_seen(twin.version, seen, f"'{twin.name}'")


# ── Looking ─────────────────────────────────────────────────────────────────────────────────────────────────
def current(session: Session, twin: Twin) -> TwinVersion:
    """A twin's newest version."""
    return version_of(session, twin, twin.number)


def version_of(session: Session, twin: Twin, number: int) -> TwinVersion:
    """One version; `NotFoundError` without it."""
    found = session.scalars(_VERSION, {"twin": twin.id, "number": number}).first()
    if found is None:
        raise NotFoundError(f"'{twin.name}' has no version {number}; its newest is {twin.number}")
    return found


def versions(twin: Twin) -> Select[TwinVersion]:
    """All versions."""
    return select(TwinVersion).where(TwinVersion.twin_id == twin.id)


def stacks_of(session: Session, twin_ids: Sequence[str]) -> Sequence[Stack]:
    """The stacks of some twins at all targets."""
    return session.scalars(_STACKS, {"twins": twin_ids}).all()


def whole(session: Session, principal: Principal, twin: Twin, at: datetime, role: Role | None = None) -> shapes.Twin:
    """A twin with its newest version, for one who may see it, as of a moment. `role` is theirs, where it is known
    already.
    """
    role = role or role_on(session, principal, twin) or Role.VIEWER
    version = current(session, twin)
    newest = summaries.Newest(version.devices, version.usd_per_month, version.placement)
    [facts] = summaries.facts(session, [twin], {twin.id: newest}, at)
    return shapes.Twin(**facts, role=role.value, current=version_shape(version))


def version_summary(version: TwinVersion) -> shapes.TwinVersionSummary:
    """What a list tells of a version."""
    return shapes.TwinVersionSummary(**_version_facts(version))


def version_shape(version: TwinVersion) -> shapes.TwinVersion:
    """A version, whole."""
    return shapes.TwinVersion(
        **_version_facts(version),
        format=version.format,
        source=version.source,
        files=version.files,
        placement=version.placement,
        overrides=version.overrides,
        optimization=version.optimization_id,
    )


def diff(before: TwinVersion, after: TwinVersion) -> shapes.TwinDiff:
    """What changed from one version to another."""
    return shapes.TwinDiff(
        before=before.number,
        after=after.number,
        text="".join(_text_diff(before, after)),
        slots=_slot_diff(before.placement, after.placement),
        usd_per_month=(before.usd_per_month, after.usd_per_month),
    )


# ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────────
def _version(
    twin: Twin, checked: Checked, principal: Principal, now: datetime, note: str, placed: TwinVersion | None
) -> TwinVersion:
    return TwinVersion(
        twin_id=twin.id,
        number=twin.number,
        format=checked.format,
        source=checked.source,
        files=checked.files,
        placement=None if placed is None else placed.placement,
        overrides={} if placed is None else placed.overrides,
        optimization_id=None,
        devices=checked.definition.device_count,
        usd_per_month=None,
        note=note,
        created_by=principal.user_id,
        created_at=now,
    )


def _check_name(session: Session, workspace_id: str, name: str, own_id: str | None) -> None:
    other = session.scalar(select(Twin.id).where(Twin.workspace_id == workspace_id, Twin.name == name))
    if other is not None and other != own_id:
        raise ConflictError(
            f"there is a twin '{name}' in this workspace already; give this one another name", details={"twin": other}
        )


def _check_nameable(session: Session, twin: Twin, name: str) -> None:
    """`ConflictError` while resources carry a twin's present name, or a run may make some that do."""
    if stacks_of(session, [twin.id]):
        raise ConflictError(
            f"'{twin.name}' is deployed under that name, which its resources carry; destroy it before it becomes "
            f"'{name}', or keep the name"
        )
    holder = session.scalars(select(Run).join(Claim, Claim.run_id == Run.id).where(Claim.twin_id == twin.id)).first()
    if holder is not None:
        raise ConflictError(
            f"run {holder.number} ({holder.kind}) of '{twin.name}' is {holder.status}, and what it makes carries that "
            f"name; wait for its end, decline or cancel it before the twin becomes '{name}', or keep the name",
            details={"run": holder.id, "number": holder.number, "status": holder.status},
        )
    # They are found by the name that they carry.
    untracked.check_looked_after(session, twin)


def _tell(backend: Backend, session: Session, principal: Principal, twin: Twin, kind: str, text: str) -> None:
    backend.events.add(session, NewEvent(twin.workspace_id, kind, text, twin_id=twin.id, data={"number": twin.number}))
    audit.note(
        backend, session, principal, kind, twin.id, workspace_id=twin.workspace_id, name=twin.name, number=twin.number
    )


def _version_facts(version: TwinVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "note": version.note,
        "devices": version.devices,
        "usd_per_month": version.usd_per_month,
        "created_by": version.created_by,
        "created_at": version.created_at,
    }


def _text_diff(before: TwinVersion, after: TwinVersion) -> list[str]:
    first = {f"twin.{before.format}": before.source, **before.files}
    second = {f"twin.{after.format}": after.source, **after.files}
    lines: list[str] = []
    for name in dict.fromkeys((*first, *second)):
        lines += difflib.unified_diff(
            first.get(name, "").splitlines(keepends=True),
            second.get(name, "").splitlines(keepends=True),
            f"{name} (version {before.number})",
            f"{name} (version {after.number})",
        )
    return [line if line.endswith("\n") else f"{line}\n" for line in lines]


def _slot_diff(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> dict[str, tuple[str | None, str | None]]:
    def told(choice: Mapping[str, Any] | None) -> str | None:
        return None if choice is None else f"{choice['offer']}@{choice['region']}"

    first, second = before or {}, after or {}
    pairs = {slot: (told(first.get(slot)), told(second.get(slot))) for slot in dict.fromkeys((*first, *second))}
    return {slot: pair for slot, pair in pairs.items() if pair[0] != pair[1]}
