"""Where a twin's slots go: proposals that were made for it, and what people decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, defer

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.runs import Claim, Run
from twin2multicloud.app.db.tables.twins import Optimization, Twin, TwinVersion
from twin2multicloud.app.errors import ConflictError, NotFoundError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.optimizing.kept import Change, Changed, Kept, Proposal
from twin2multicloud.app.schemas import placements as shapes
from twin2multicloud.app.services import audit, prices, twins
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import Slot


def kept(session: Session, twin: Twin) -> Kept:
    """What the optimizer needs to know of a twin as it is."""
    return kept_of(session, twins.current(session, twin))


def kept_of(session: Session, version: TwinVersion) -> Kept:
    """The same of one version of it."""
    followed = None
    if version.optimization_id is not None:
        followed = session.get(Optimization, version.optimization_id)
    constraints = None if followed is None else followed.inputs["constraints"]
    return Kept(version.source, version.format, version.placement, version.overrides, constraints)


def wanted(session: Session, twin: Twin, given: shapes.PlacementInput) -> tuple[Kept, Change]:
    """What somebody wants changed, and the twin that it is to be applied to: with a proposal come its constraints and
    the decisions that it was made under. `NotFoundError` for a proposal that was not made for this twin.
    """
    before = kept(session, twin)
    if given.optimization is None:
        by_hand = given.placement is not None
        return before, Change(given.placement, given.overrides, given.drop, by_hand=by_hand, anew=given.anew)
    found = the_optimization(session, twin, given.optimization)
    following = Kept(
        before.source,
        before.format,
        before.placement,
        found.inputs["overrides"],
        found.inputs["constraints"],
    )
    return following, Change(found.result["placement"], given.overrides, given.drop)


def save_proposal(
    backend: Backend,
    session: Session,
    principal: Principal,
    twin: Twin,
    number: int,
    book: Book,
    proposal: Proposal,
    result: dict[str, Any],
) -> Optimization:
    """Keep a proposal that was made for version `number` of a twin. It changes nothing about the twin."""
    prices.keep(backend, session, book)
    saved = Optimization(
        id=backend.make_id("opt"),
        workspace_id=twin.workspace_id,
        twin_id=twin.id,
        twin_number=number,
        inputs=proposal.inputs,
        book_hash=book.hash,
        result=result,
        usd_per_month=proposal.usd_per_month,
        created_by=principal.user_id,
        created_at=backend.now(),
    )
    session.add(saved)
    text = f"{twin.name}: ${saved.usd_per_month:,.2f} / month would be the cheapest"
    data = {"optimization": saved.id, "number": number, "usd_per_month": saved.usd_per_month}
    backend.events.add(session, NewEvent(twin.workspace_id, "twin.optimized", text, twin_id=twin.id, data=data))
    audit.note(
        backend, session, principal, "twin.optimized", twin.id, workspace_id=twin.workspace_id, optimization=saved.id
    )
    return saved


def place(
    backend: Backend,
    session: Session,
    principal: Principal,
    twin: Twin,
    seen: int,
    given: shapes.PlacementInput,
    changed: Changed,
    book: Book,
) -> TwinVersion:
    """Keep a new version of a twin with another placement. `StaleError` if the twin was changed since it was `seen`,
    `ConflictError` while a run is under way, and for a slot that exists: that one is moved, with all it holds.
    """
    twins.claim(session, twin, seen)
    before = twins.current(session, twin)
    check_placeable(session, twin, changed.decision["placement"])
    prices.keep(backend, session, book)
    version = _version(backend, principal, twin, before, given, changed)
    session.add(version)
    warning = changed.decision["warning"]
    text = f"{twin.name} is placed for ${version.usd_per_month:,.2f} / month ({principal.name})"
    data = {
        "number": twin.number,
        "usd_per_month": version.usd_per_month,
        "extra_usd": changed.decision["extra_usd"],
        "overrides": changed.overrides,
        "optimization": version.optimization_id,
    }
    backend.events.add(
        session,
        NewEvent(
            twin.workspace_id,
            "twin.placed",
            text if warning is None else f"{text}; {warning}",
            "info" if warning is None else "warning",
            twin_id=twin.id,
            data=data,
        ),
    )
    audit.note(
        backend, session, principal, "twin.placed", twin.id, workspace_id=twin.workspace_id, name=twin.name, **data
    )
    return version


def _version(
    backend: Backend,
    principal: Principal,
    twin: Twin,
    before: TwinVersion,
    given: shapes.PlacementInput,
    changed: Changed,
) -> TwinVersion:
    """The twin's next version: the same definition at another placement."""
    twin.number += 1
    twin.version += 1
    twin.updated_at = backend.now()
    return TwinVersion(
        twin_id=twin.id,
        number=twin.number,
        format=before.format,
        source=before.source,
        files=before.files,
        placement=changed.decision["placement"],
        overrides=changed.overrides,
        # Constraints of the proposal that was taken last go on to hold for what people decide.
        optimization_id=given.optimization or before.optimization_id,
        devices=before.devices,
        usd_per_month=changed.decision["usd_per_month"],
        note=given.note,
        created_by=principal.user_id,
        created_at=twin.updated_at,
    )


def moved_overrides(before: TwinVersion, placement: Mapping[str, Any]) -> dict[str, str]:
    """The decisions that hold after a move: a slot that was moved is where somebody wanted it, whatever is cheapest."""
    known = before.placement or {}
    moved = {
        slot: f"{choice['offer']}@{choice['region']}"
        for slot, choice in placement.items()
        if slot in known and known[slot] != choice
    }
    return {**before.overrides, **moved}


def check_placeable(session: Session, twin: Twin, placement: Mapping[str, Any] | None) -> None:
    """`ConflictError` while a run is under way, and for a slot that exists and is placed otherwise, or not at all."""
    _check_unclaimed(session, twin)
    if placement is not None:
        _check_unmoved(session, twin, Placement.model_validate(placement))
    elif twins.stacks_of(session, [twin.id]):
        raise ConflictError(
            f"'{twin.name}' is deployed, so it needs a placement; destroy it first, or keep the one it has"
        )


def _check_unclaimed(session: Session, twin: Twin) -> None:
    runs = session.scalars(select(Claim.run_id).where(Claim.twin_id == twin.id)).all()
    if runs:
        raise ConflictError(
            f"a run of '{twin.name}' is under way, which rests on its placement; wait for it or cancel it",
            details={"runs": list(runs)},
        )


def _check_unmoved(session: Session, twin: Twin, after: Placement) -> None:
    """A slot that exists stays where it is, and what it is: at each target as it is deployed there, which need not be
    the newest version.
    """
    astray = []
    deployed: dict[str, Placement | None] = {}
    for stack in twins.stacks_of(session, [twin.id]):
        if stack.slot not in [slot.value for slot in Slot]:
            continue  # what a cloud needs once, whatever the slots
        if stack.target not in deployed:
            deployed[stack.target] = deployed_placement(session, twin, stack.target)
        slot, there = Slot(stack.slot), deployed[stack.target]
        known = there is not None and _site(there[slot]) == stack.site
        if _site(after[slot]) != stack.site or (there is not None and known and there[slot] != after[slot]):
            told = str(there[slot]) if there is not None and known else stack.site
            wanted = str(after[slot])
            astray.append({"slot": slot.value, "target": stack.target, "deployed": told, "wanted": wanted})
    if astray:
        told = "; ".join(f"{each['slot']} is deployed as {each['deployed']} ({each['target']})" for each in astray)
        names = ", ".join(dict.fromkeys(each["slot"] for each in astray))
        raise ConflictError(
            f"{told}. To have {names} elsewhere, move it there with all it holds, or destroy it first",
            details={"slots": astray},
        )


def deployed_placement(session: Session, twin: Twin, target: str) -> Placement | None:
    """How the slots that exist at a target are placed; None where no run tells. Nobody deploys a slot that exists any
    other way than it is, so that the last run which placed any says it of all.
    """
    found = session.scalars(
        select(Run)
        .where(
            Run.twin_id == twin.id,
            Run.target == target,
            or_(
                Run.kind.in_(("deploy", "redeploy")) & (Run.approved_at.is_not(None) | (Run.status == "succeeded")),
                (Run.kind == "move") & (Run.status == "succeeded"),
            ),
        )
        .order_by(Run.number.desc())
        .options(defer(Run.plan))
    )
    for run in found:
        placement: Any = None
        if run.kind == "move":
            placement = (run.result or {}).get("placement")
        elif run.twin_number is not None and (
            run.kind == "deploy" or target == "sandbox" or run.request.get("version")
        ):
            # Elsewhere `redeploy` takes up what was deployed before, unless it is told a version.
            placement = twins.version_of(session, twin, run.twin_number).placement
        if placement is not None:
            return Placement.model_validate(placement)
    return None


def _site(choice: SlotChoice) -> str:
    """A place as stacks tell it."""
    return f"{choice.provider.value}/{choice.region}"


# ── Looking ─────────────────────────────────────────────────────────────────────────────────────────────────
def optimizations(twin: Twin) -> Select[Optimization]:
    """All proposals for a twin, without their results, which are large."""
    return select(Optimization).where(Optimization.twin_id == twin.id).options(defer(Optimization.result))


def the_optimization(session: Session, twin: Twin, optimization_id: str) -> Optimization:
    """A proposal for a twin; `NotFoundError` if it was made for another, or never."""
    found = session.get(Optimization, optimization_id)
    if found is None or found.twin_id != twin.id:
        raise NotFoundError(f"there is no optimization {optimization_id!r} of '{twin.name}'")
    return found


def summary(optimization: Optimization) -> shapes.OptimizationSummary:
    """What a list tells of a proposal."""
    return shapes.OptimizationSummary(
        id=optimization.id,
        twin=optimization.twin_id or "",
        twin_number=optimization.twin_number or 0,
        usd_per_month=optimization.usd_per_month,
        book_hash=optimization.book_hash,
        inputs=optimization.inputs,
        created_by=optimization.created_by,
        created_at=optimization.created_at,
    )
