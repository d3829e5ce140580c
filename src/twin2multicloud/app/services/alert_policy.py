"""What becomes of a workspace's alerts: how severe each kind counts, who is told later, and what rules keep quiet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, Final

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.events import Alert
from twin2multicloud.app.db.tables.people import User, Workspace
from twin2multicloud.app.db.tables.telling import AlertPolicy, AlertRoute, MuteRule
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ConflictError, InvalidError, NotFoundError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.schemas import alert_policy as shapes
from twin2multicloud.app.services import audit
from twin2multicloud.app.services.changes import check_seen, hold
from twin2multicloud.model.errors import Finding

MOST_RULES: Final = 200
"""Mute rules of a workspace that have not ended."""
_WHOLE_POLICY: Final = "the policy of alerts"


@dataclass(frozen=True)
class Treatment:
    """How a twin's alerts are treated as of now."""

    severities: Mapping[str, str]
    rules: Sequence[MuteRule]

    def severity(self, kind: str, found: str) -> str:
        """How severe a kind counts: as the workspace says, or else as it was found."""
        return self.severities.get(kind, found)

    def keep_quiet(self, alert: Alert) -> bool:
        """Mute an alert by the rule that lasts longest of those that match it; False if none does."""
        matching = [rule for rule in self.rules if _matches(rule, alert)]
        if not matching:
            return False
        longest = max(matching, key=lambda rule: rule.until)
        alert.muted_until, alert.muted_by = longest.until, longest.id
        return True


def treatment(backend: Backend, session: Session, workspace_id: str, twin: Twin | None) -> Treatment:
    """How alerts of a twin, or without one of the workspace as a whole, are treated."""
    policy = session.get(AlertPolicy, workspace_id)
    rules = session.scalars(
        select(MuteRule).where(
            MuteRule.workspace_id == workspace_id,
            or_(MuteRule.twin_id.is_(None), MuteRule.twin_id == (None if twin is None else twin.id)),
            MuteRule.until > backend.now(),
        )
    ).all()
    return Treatment({} if policy is None else policy.severities, rules)


# ── Policy ──────────────────────────────────────────────────────────────────────────────────────────────────
def policy_of(session: Session, workspace: Workspace) -> shapes.AlertPolicy:
    """A workspace's policy; nothing is changed and nobody told later where none was set."""
    found = session.get(AlertPolicy, workspace.id)
    if found is None:
        return shapes.AlertPolicy(severities={}, escalate_from="error", steps=[], version=0, updated_at=None)
    return shapes.AlertPolicy.model_validate(
        {
            "severities": found.severities,
            "escalate_from": found.escalate_from,
            "steps": found.steps,
            "version": found.version,
            "updated_at": found.updated_at,
        }
    )


def set_policy(
    backend: Backend,
    session: Session,
    principal: Principal,
    workspace: Workspace,
    seen: int,
    given: shapes.PolicyInput,
) -> None:
    """Set all of it. `InvalidError` for a step that leads to no route of the workspace. Severities hold for alerts that
    come from then on.
    """
    hold(session, workspace)
    found = session.get(AlertPolicy, workspace.id)
    check_seen(0 if found is None else found.version, seen, _WHOLE_POLICY)
    wanted = {step.route for step in given.steps}
    known = set(
        session.scalars(select(AlertRoute.id).where(AlertRoute.id.in_(wanted), AlertRoute.workspace_id == workspace.id))
    )
    findings = [
        Finding(f"steps.{number}.route", "is no route of this workspace", step.route)
        for number, step in enumerate(given.steps)
        if step.route not in known
    ]
    if findings:
        raise InvalidError("steps: a step leads to no route of this workspace", findings=findings)
    if found is None:
        found = AlertPolicy(workspace_id=workspace.id, version=0)
        session.add(found)
    found.severities = dict(given.severities)
    found.escalate_from = given.escalate_from
    found.steps = [step.model_dump() for step in given.steps]
    found.version += 1
    found.updated_at = backend.now()
    facts = {"severities": found.severities, "escalate_from": found.escalate_from, "steps": found.steps}
    _note(backend, session, principal, workspace.id, "alert-policy.changed", "the policy of alerts was changed", facts)


# ── Mute rules ──────────────────────────────────────────────────────────────────────────────────────────────
def rules_listed(backend: Backend, workspace: Workspace) -> Select[MuteRule]:
    """The rules of a workspace that have not ended."""
    return select(MuteRule).where(MuteRule.workspace_id == workspace.id, MuteRule.until > backend.now())


def the_rule(session: Session, workspace: Workspace, rule_id: str) -> MuteRule:
    """One of a workspace's; `NotFoundError` otherwise."""
    found = session.get(MuteRule, rule_id)
    if found is None or found.workspace_id != workspace.id:
        raise NotFoundError(f"there is no mute rule {rule_id[:60]!r} in the workspace '{workspace.name}'")
    return found


def add_rule(
    backend: Backend, session: Session, principal: Principal, workspace: Workspace, given: shapes.MuteRuleInput
) -> MuteRule:
    """Keep alerts quiet: those that come, and those that wait for somebody already. `InvalidError` for a moment that is
    over or years away, `NotFoundError` for a twin of another workspace.
    """
    hold(session, workspace)
    at = backend.now()
    until = given.until if given.until is not None else at + timedelta(minutes=given.minutes or 0)
    if not at < until <= at + timedelta(days=365):
        raise InvalidError("until: is to come, within a year", findings=[Finding("until", "is to come, within a year")])
    twin = None if given.twin is None else session.get(Twin, given.twin)
    if given.twin is not None and (twin is None or twin.workspace_id != workspace.id):
        raise NotFoundError(f"there is no twin {given.twin!r} in the workspace '{workspace.name}'")
    count = session.scalar(select(func.count()).select_from(rules_listed(backend, workspace).subquery())) or 0
    if count >= MOST_RULES:
        raise ConflictError(f"a workspace has at most {MOST_RULES} mute rules; delete one first")
    rule = MuteRule(
        id=backend.make_id("mut"),
        workspace_id=workspace.id,
        twin_id=given.twin,
        layer=given.layer,
        kind=given.kind,
        until=until,
        note=given.note,
        created_by=principal.user_id,
        created_at=at,
    )
    session.add(rule)
    session.flush()
    _mute_open(session, rule)
    what = f"{principal.name} mutes {rule.kind} of {twin.name if twin else 'all twins'} at {rule.layer}"
    facts = {"rule": rule.id, "twin": rule.twin_id, "layer": rule.layer, "kind": rule.kind, "until": until.isoformat()}
    _note(backend, session, principal, workspace.id, "mute-rule.created", what, facts)
    return rule


def remove_rule(backend: Backend, session: Session, principal: Principal, rule: MuteRule) -> None:
    """End a rule: what it kept quiet is told again when it comes again."""
    hold(session, rule)
    at = backend.now()
    for alert in session.scalars(select(Alert).where(Alert.muted_by == rule.id).with_for_update()):
        # As one whose time is over: so it is told when it comes again, which it is not while nothing was muted.
        alert.muted_until, alert.muted_by = at, None
    what = f"{principal.name} ended a mute rule ({rule.kind} at {rule.layer})"
    _note(backend, session, principal, rule.workspace_id, "mute-rule.deleted", what, {"rule": rule.id})
    session.delete(rule)


def rules_shown(backend: Backend, session: Session, rules: Sequence[MuteRule]) -> list[shapes.MuteRule]:
    """Rules as they are told."""
    people = {row.id: row.name for row in session.execute(
        select(User.id, User.name).where(User.id.in_({rule.created_by for rule in rules}))
    )}  # fmt: skip
    counts = {row[0]: row[1] for row in session.execute(
        select(Alert.muted_by, func.count())
        .where(Alert.muted_by.in_([rule.id for rule in rules]), Alert.muted_until > backend.now())
        .group_by(Alert.muted_by)
    )}  # fmt: skip
    return [
        shapes.MuteRule(
            id=rule.id,
            workspace=rule.workspace_id,
            twin=rule.twin_id,
            layer=rule.layer,
            kind=rule.kind,
            until=rule.until,
            note=rule.note,
            created_by=people.get(rule.created_by, rule.created_by),
            created_at=rule.created_at,
            muted=counts.get(rule.id, 0),
        )
        for rule in rules
    ]


# ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────────
def _mute_open(session: Session, rule: MuteRule) -> None:
    query = select(Alert).where(
        Alert.workspace_id == rule.workspace_id,
        Alert.acknowledged_at.is_(None),
        or_(Alert.muted_until.is_(None), Alert.muted_until < rule.until),
    )
    if rule.twin_id is not None:
        query = query.where(Alert.twin_id == rule.twin_id)
    for alert in session.scalars(query.with_for_update()):
        if _matches(rule, alert):
            alert.muted_until, alert.muted_by = rule.until, rule.id


def _matches(rule: MuteRule, alert: Alert) -> bool:
    return fnmatchcase(alert.layer, rule.layer) and fnmatchcase(alert.kind, rule.kind)


def _note(
    backend: Backend,
    session: Session,
    principal: Principal,
    workspace_id: str,
    action: str,
    message: str,
    facts: Mapping[str, Any],
) -> None:
    backend.events.add(session, NewEvent(workspace_id, action, message, data=dict(facts)))
    audit.note(backend, session, principal, action, str(facts.get("rule", workspace_id)), workspace_id=workspace_id,
               **facts)  # fmt: skip
