"""Who may sign in. Pure."""

from __future__ import annotations

from twin2multicloud.app.auth.identity import Identity
from twin2multicloud.app.errors import SignInRefusedError
from twin2multicloud.app.settings import Admission


def check_admission(rules: Admission, identity: Identity) -> None:
    """`SignInRefusedError` unless the person may come in: everybody may where there are no rules; else one of them has
    to fit. It is asked at every sign-in, the first included: an installation that is open to the world for its first
    minutes must not become that of whoever finds it first. An address counts only if it is known to be theirs.
    """
    if not (rules.domains or rules.groups or rules.emails):
        return
    if set(identity.groups) & set(rules.groups):
        return
    if identity.email_verified:
        email = identity.email.casefold()
        if email in {each.casefold() for each in rules.emails}:
            return
        if email.rpartition("@")[2] in {each.casefold().removeprefix("@") for each in rules.domains}:
            return
    raise SignInRefusedError(_why(rules, identity))


def _why(rules: Admission, identity: Identity) -> str:
    who = identity.email or identity.name
    if identity.email and not identity.email_verified and (rules.domains or rules.emails):
        return (
            f"{who}: your provider does not vouch for this address, so it cannot decide whether you may come in here; "
            "confirm it there, or ask whoever runs this installation"
        )
    return f"{who} is not among those who may sign in here; ask whoever runs this installation to let you in"
