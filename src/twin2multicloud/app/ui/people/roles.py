"""Roles, as people read them."""

from __future__ import annotations

from twin2multicloud.app.schemas.people import RoleName
from twin2multicloud.app.ui.language import tr


def words() -> dict[str, str]:
    """All roles, the lowest first."""
    return {"viewer": tr("viewer"), "operator": tr("operator"), "owner": tr("owner")}


def word(role: RoleName) -> str:
    """A role."""
    return words()[role]


def choices() -> dict[str, str]:
    """Roles to choose from, with what each may do."""
    return {
        "viewer": tr("viewer: looks"),
        "operator": tr("operator: changes, deploys"),
        "owner": tr("owner: also people, accounts"),
    }


def read(role: str) -> RoleName:
    """A role that was chosen."""
    known: dict[str, RoleName] = {"viewer": "viewer", "operator": "operator", "owner": "owner"}
    return known[role]


def scope_word(scope: str) -> str:
    """What a key may be used for."""
    return {"read": tr("read"), "write": tr("write"), "run": tr("run"), "admin": tr("admin")}.get(scope, scope)
