"""Rules of access: what each endpoint asks of whoever calls it, and how that is decided.

A rule names a scope (what a key must be allowed to), a role, and what the role must be held on. An installation's
admins have no role of their own in workspaces: they look after people, keys of others, prices and the audit log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, bindparam, or_, select
from sqlalchemy.orm import Session as OrmSession

from twin2multicloud.app.db.tables.events import Alert
from twin2multicloud.app.db.tables.people import Role, TwinMember, User, Workspace, WorkspaceMember
from twin2multicloud.app.db.tables.runs import Run
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ForbiddenError, InvalidError, NotFoundError
from twin2multicloud.model.errors import Finding


class Scope(StrEnum):
    """What a key may be used for. A browser's session has all."""

    READ = "read"
    WRITE = "write"
    RUN = "run"
    ADMIN = "admin"


class On(StrEnum):
    """What a rule's role must be held on."""

    NOTHING = "nothing"
    """Signed in is enough; the endpoint itself shows only what may be seen."""
    WORKSPACE = "workspace"
    TWIN = "twin"
    RUN = "run"
    """The run's twin; of a run that is of none, its workspace."""
    ALERT = "alert"
    """The alert's twin; of an alert that is of none, its workspace."""
    OWN_KEY = "own-key"
    """Not a role: the key that asks may be the one that is asked about, and then needs no scope."""
    INSTALLATION = "installation"
    """Not a role: an admin is asked for."""


@dataclass(frozen=True)
class Rule:
    """What an endpoint asks for. None of it for a public one (`scope` None)."""

    scope: Scope | None
    role: Role | None = None
    on: On = On.NOTHING


PUBLIC = Rule(None)
OWN = "@me"
"""What the key that asks is called, by whoever does not know its id."""


@dataclass(frozen=True)
class Principal:
    """Who is asking: a person, by a session (all scopes) or a key (its scopes, and its workspace if it has one)."""

    user_id: str
    name: str
    email: str
    admin: bool
    scopes: frozenset[Scope]
    key_id: str | None = None
    key_expires_at: datetime | None = None
    workspace_id: str | None = None
    session: bool = False

    @property
    def acts_as_admin(self) -> bool:
        """Whether an admin asks, with a session or a key that may do what admins do."""
        return self.admin and self.workspace_id is None and Scope.ADMIN in self.scopes

    def check_scope(self, scope: Scope) -> None:
        """`ForbiddenError` where a key may not be used for this."""
        if scope not in self.scopes:
            raise ForbiddenError(
                f"this key may not {scope.value}; it has the scopes {', '.join(sorted(self.scopes)) or 'none'}",
                details={"scope": scope.value},
            )

    def check_admin(self) -> None:
        """`ForbiddenError` unless an admin of the installation asks."""
        if not self.acts_as_admin:
            raise ForbiddenError("only an admin of this installation may do that")


def role_in(session: OrmSession, principal: Principal, workspace_id: str) -> Role | None:
    """The principal's role for all of a workspace."""
    if principal.workspace_id not in (None, workspace_id):
        return None
    found = session.get(WorkspaceMember, (workspace_id, principal.user_id))
    return None if found is None else Role(found.role)


def role_on(session: OrmSession, principal: Principal, twin: Twin) -> Role | None:
    """The principal's role for a twin: the higher one of theirs in its workspace and for itself."""
    found = session.scalars(
        select(WorkspaceMember.role)
        .where(WorkspaceMember.workspace_id == twin.workspace_id, WorkspaceMember.user_id == principal.user_id)
        .union_all(
            select(TwinMember.role).where(TwinMember.twin_id == twin.id, TwinMember.user_id == principal.user_id)
        )
    ).all()
    return _highest(principal, twin.workspace_id, *found)


def _highest(principal: Principal, workspace_id: str, *held: str | None) -> Role | None:
    """The highest of the roles that the principal has at something of a workspace, if they may be there at all."""
    if principal.workspace_id not in (None, workspace_id):
        return None
    return max((Role(role) for role in held if role is not None), key=lambda role: role.rank, default=None)


def check_role(held: Role | None, needed: Role, what: str, problem: str) -> None:
    """`NotFoundError` for whoever has no role there, as if it did not exist; `ForbiddenError` where it is too low."""
    if held is None:
        raise NotFoundError(problem)
    if held.rank < needed.rank:
        raise ForbiddenError(
            f"your role for {what} is {held.value}; this takes {needed.value}",
            details={"role": held.value, "needed": needed.value},
        )


def the_twin(session: OrmSession, principal: Principal, twin_id: str, needed: Role) -> Twin:
    """A twin, for whoever has that role for it."""
    return twin_and_role(session, principal, twin_id, needed)[0]


def twin_and_role(session: OrmSession, principal: Principal, twin_id: str, needed: Role) -> tuple[Twin, Role]:
    """As `the_twin`, and the role that the principal has for it."""
    found = session.execute(_A_TWIN, {"asked": twin_id, "who": principal.user_id}).first()
    problem = _no_twin(twin_id)
    if found is None:
        raise NotFoundError(problem)
    twin, in_workspace, own = found
    return twin, _checked(principal, twin, in_workspace, own, needed, problem)


def the_run(session: OrmSession, principal: Principal, run_id: str, needed: Role) -> Run:
    """A run, for whoever has that role for its twin, or for its workspace where it has no twin."""
    found = session.execute(_A_RUN, {"asked": run_id, "who": principal.user_id}).first()
    problem = f"there is no run {run_id[:60]!r} that you may see"
    if found is None:
        raise NotFoundError(problem)
    run, in_workspace, own = found
    check_role(_highest(principal, run.workspace_id, in_workspace, own), needed, f"the run {run.id}", problem)
    return run


def the_alert(session: OrmSession, principal: Principal, alert_id: str, needed: Role) -> Alert:
    """An alert, for whoever has that role for its twin, or for its workspace where it is of no twin."""
    found = session.execute(_AN_ALERT, {"asked": alert_id, "who": principal.user_id}).first()
    problem = f"there is no alert {alert_id[:60]!r} that you may see"
    if found is None:
        raise NotFoundError(problem)
    alert, in_workspace, own = found
    held = _highest(principal, alert.workspace_id, in_workspace, own)
    check_role(held, needed, f"the alert {alert.id}", problem)
    return alert


def check_twin(session: OrmSession, principal: Principal, twin_id: str, needed: Role) -> None:
    """As `the_twin`, for whoever needs no more of it."""
    found = session.execute(_TWIN_ROLES, {"asked": twin_id, "who": principal.user_id}).first()
    problem = _no_twin(twin_id)
    if found is None:
        raise NotFoundError(problem)
    name, workspace_id, *held = found
    check_role(_highest(principal, workspace_id, *held), needed, f"the twin '{name}'", problem)


def _no_twin(twin_id: str) -> str:
    return f"there is no twin {twin_id[:60]!r} that you may see"


_AT: Final = Twin.__table__
_AS_MEMBER: Final = WorkspaceMember.__table__
_AS_GUEST: Final = TwinMember.__table__


def _in_workspace(workspace: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    """The condition that a member's row is the asker's in a workspace."""
    return (_AS_MEMBER.c.workspace_id == workspace) & (_AS_MEMBER.c.user_id == bindparam("who"))


def _at_twin(twin: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    """The condition that a member's row is the asker's at a twin."""
    return (_AS_GUEST.c.twin_id == twin) & (_AS_GUEST.c.user_id == bindparam("who"))


# Whatever is asked begins with these: one statement, not one for each table, and put together once.
_A_TWIN: Final = (
    select(Twin, WorkspaceMember.role, TwinMember.role)
    .outerjoin(WorkspaceMember, _in_workspace(Twin.workspace_id))
    .outerjoin(TwinMember, _at_twin(Twin.id))
    .where(Twin.id == bindparam("asked"))
)
# With every request for something of a twin: by columns, since making objects of rows takes longer than asking.
_TWIN_ROLES: Final = (
    select(_AT.c.name, _AT.c.workspace_id, _AS_MEMBER.c.role, _AS_GUEST.c.role)
    .select_from(_AT.outerjoin(_AS_MEMBER, _in_workspace(_AT.c.workspace_id)).outerjoin(_AS_GUEST, _at_twin(_AT.c.id)))
    .where(_AT.c.id == bindparam("asked"))
)
_A_RUN: Final = (
    select(Run, WorkspaceMember.role, TwinMember.role)
    .outerjoin(WorkspaceMember, _in_workspace(Run.workspace_id))
    .outerjoin(TwinMember, _at_twin(Run.twin_id))
    .where(Run.id == bindparam("asked"))
)
_AN_ALERT: Final = (
    select(Alert, WorkspaceMember.role, TwinMember.role)
    .outerjoin(WorkspaceMember, _in_workspace(Alert.workspace_id))
    .outerjoin(TwinMember, _at_twin(Alert.twin_id))
    .where(Alert.id == bindparam("asked"))
)


def _checked(
    principal: Principal, twin: Twin, in_workspace: str | None, own: str | None, needed: Role, problem: str
) -> Role:
    held = _highest(principal, twin.workspace_id, in_workspace, own)
    check_role(held, needed, f"the twin '{twin.name}'", problem)
    assert held is not None
    return held


def the_workspace(session: OrmSession, principal: Principal, workspace_id: str | None, needed: Role) -> Workspace:
    """A workspace, for whoever has that role in it. Without an id the only one that is theirs."""
    if workspace_id is None:
        return _only_workspace(session, principal, needed)
    workspace = session.get(Workspace, workspace_id)
    problem = f"there is no workspace {workspace_id[:60]!r} that you may see"
    if workspace is None:
        raise NotFoundError(problem)
    check_role(role_in(session, principal, workspace_id), needed, f"the workspace '{workspace.name}'", problem)
    return workspace


def _only_workspace(session: OrmSession, principal: Principal, needed: Role) -> Workspace:
    mine = session.scalars(
        select(Workspace)
        .join(WorkspaceMember, WorkspaceMember.workspace_id == Workspace.id)
        .where(WorkspaceMember.user_id == principal.user_id)
        .order_by(Workspace.created_at)
    ).all()
    mine = [each for each in mine if principal.workspace_id in (None, each.id)]
    if not mine:
        raise NotFoundError("you are in no workspace; somebody who owns one can let you in")
    if len(mine) > 1:
        names = ", ".join(f"{each.id} ({each.name})" for each in mine)
        raise InvalidError("say in which workspace", findings=[Finding("workspace", f"is one of {names}")])
    check_role(role_in(session, principal, mine[0].id), needed, f"the workspace '{mine[0].name}'", "")
    return mine[0]


def workspaces_of(principal: Principal) -> Select[str]:
    """The ids of the workspaces that somebody is in, and asks about."""
    found = select(WorkspaceMember.workspace_id).where(WorkspaceMember.user_id == principal.user_id)
    only = principal.workspace_id
    return found if only is None else found.where(WorkspaceMember.workspace_id == only)


def visible_twins(principal: Principal) -> ColumnElement[bool]:
    """The condition that a twin may be seen."""
    in_workspace = workspaces_of(principal)
    own = select(TwinMember.twin_id).where(TwinMember.user_id == principal.user_id)
    seen = or_(Twin.workspace_id.in_(in_workspace), Twin.id.in_(own))
    return seen if principal.workspace_id is None else seen & (Twin.workspace_id == principal.workspace_id)


def user_principal(user: User, *, session: bool) -> Principal:
    """A person with all that is theirs."""
    return Principal(user.id, user.name, user.email, user.admin, frozenset(Scope), session=session)
