"""IAM's documents: who may do what, in the JSON of roles, queues, topics and buckets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

_TLS: Final = "aws:SecureTransport"


@dataclass(frozen=True)
class Statement:
    """A statement. `principals` are texts such as `Service:lambda.amazonaws.com` or `*`; `conditions` by operator."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    conditions: Mapping[str, Any]

    def condition(self, *keys: str) -> tuple[str, ...]:
        """The values that a condition on any of these keys asks for."""
        wanted = {key.lower() for key in keys}
        return tuple(
            value
            for test in self.conditions.values()
            if isinstance(test, Mapping)
            for key, values in test.items()
            if key.lower() in wanted
            for value in _texts(values)
        )


def statements(text: str) -> tuple[Statement, ...]:
    """The statements of a document; none for what is no document. What is not said holds for everything."""
    try:
        document = msgspec.json.decode(text or "{}")
    except msgspec.DecodeError:
        return ()
    found = document.get("Statement", ()) if isinstance(document, Mapping) else ()
    return tuple(_statement(each) for each in ([found] if isinstance(found, Mapping) else found))


def denies_without_tls(text: str) -> bool:
    """Whether a document refuses every request that is not encrypted, from anybody."""
    return any(
        not each.allows and "*" in each.principals and "false" in each.condition(_TLS) for each in statements(text)
    )


def open_to_all(text: str) -> Iterator[Statement]:
    """The statements that let anybody in, without a condition on who that is."""
    bound = ("aws:SourceArn", "aws:SourceAccount", "aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgID")
    for each in statements(text):
        if each.allows and "*" in each.principals and not each.condition(*bound):
            yield each


def strangers(text: str, account: str) -> Iterator[tuple[str, Statement]]:
    """Who else than an account and its services a document lets in, and by which statement."""
    for each in statements(text):
        for principal in each.principals if each.allows else ():
            kind, _, name = principal.partition(":")
            if kind == "AWS" and account not in name.split(":") and name != account:
                yield name, each


def _statement(found: Mapping[str, Any]) -> Statement:
    actions = found.get("Action", "*" if "NotAction" in found else ())
    resources = found.get("Resource", "*" if "NotResource" in found else ())
    principals: Any = found.get("Principal", "*" if "NotPrincipal" in found else ())
    if isinstance(principals, Mapping):
        named = [f"{kind}:{name}" for kind, names in principals.items() for name in _texts(names)]
        principals = ["*" if name == "AWS:*" else name for name in named]
    conditions = found.get("Condition", {})
    return Statement(
        found.get("Effect") == "Allow",
        _texts(actions),
        _texts(resources),
        _texts(principals),
        conditions if isinstance(conditions, Mapping) else {},
    )


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(each) for each in value)
