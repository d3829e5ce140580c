"""Who may do what: an identity for every function, which nobody else can take, with its rights and no others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase

from twin2multicloud.deployer.proof.findings import Finding, Rule
from twin2multicloud.deployer.proof.site import Seen
from twin2multicloud.deployer.proof.view import FunctionView, Identity, Right


def identities(seen: Seen) -> Iterator[Finding]:
    """Findings about identities and rights."""
    known = {identity.id for identity in seen.view.identities}
    holders: dict[str, list[FunctionView]] = defaultdict(list)
    for function in seen.view.functions:
        if function.identity not in known:
            what = f"it runs as {function.identity or 'nobody'}, which is no identity of this deployment"
            yield Finding(function.where, Rule.IDENTITY, what, "give it an identity of its own")
        else:
            holders[function.identity].append(function)
    for several in holders.values():
        for function in several[1:]:
            what = f"it shares its identity with {several[0].component}, so that each may do what the other may"
            yield Finding(function.where, Rule.IDENTITY, what, "give it an identity of its own")
    for identity in seen.view.identities:
        if not identity.used:
            what = "nothing of this deployment runs as it, so that somebody else may"
            yield Finding(identity.where, Rule.IDENTITY, what, "destroy it")
            continue
        for stranger in identity.strangers:
            what = f"{stranger} may act as {identity.id}"
            yield Finding(identity.where, Rule.IDENTITY, what, "let only its own service take it")
        if len(holders.get(identity.id, ())) <= 1:  # of a shared one nothing is right
            yield from _rights(identity)


def _rights(identity: Identity) -> Iterator[Finding]:
    missing = set(identity.needs - identity.rights.keys())
    for right, where in sorted(identity.rights.items()):
        if right in identity.needs:
            continue
        # What a wide right covers is not missing; that it is wide is the finding.
        covered = {need for need in identity.needs if covers(right, need)}
        missing -= covered
        if covered or wild(right):
            what = f"it may {right}, which is more than it needs"
            yield Finding(where, Rule.RIGHT_WIDE, what, "confine it to what its function uses")
        else:
            what = f"it may {right}, which its function never does"
            yield Finding(where, Rule.RIGHT_EXCESS, what, "take it away")
    for right in sorted(missing):
        what = f"it may not {right}, which its function does"
        yield Finding(identity.where, Rule.RIGHT_MISSING, what, "grant it")


def wild(right: Right) -> bool:
    """Whether a right holds on what nobody has named."""
    return "*" in right.action or right.resource == "*"


def covers(wide: Right, narrow: Right) -> bool:
    """Whether a right includes another: by `*` and `?`, or because its scope contains the other's."""
    action = fnmatchcase(narrow.action.lower(), wide.action.lower())
    scope = wide.resource.rstrip("/")
    within = narrow.resource.lower().startswith(f"{scope.lower()}/") if scope else True
    return action and (within or fnmatchcase(narrow.resource, wide.resource))
