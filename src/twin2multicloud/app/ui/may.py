"""What whoever looks may do, so that a screen offers nothing that the API refuses. The API decides; this only hides."""

from __future__ import annotations

from typing import Final

from twin2multicloud.app.schemas.keys import ScopeName
from twin2multicloud.app.schemas.login import Me
from twin2multicloud.app.schemas.people import RoleName

_RANKS: Final[dict[RoleName, int]] = {"viewer": 0, "operator": 1, "owner": 2}


def administer(me: Me) -> bool:
    """Look after the whole installation."""
    return me.admin and "admin" in me.scopes


def have(me: Me, scope: ScopeName, role: RoleName, workspace: str) -> bool:
    """Do what takes a scope, and a role in a workspace (its id)."""
    held = next((each.role for each in me.workspaces if each.id == workspace), None)
    return scope in me.scopes and held is not None and at_least(held, role)


def at_least(held: RoleName, needed: RoleName) -> bool:
    """Whether a role is enough where another one is needed."""
    return _RANKS[held] >= _RANKS[needed]
