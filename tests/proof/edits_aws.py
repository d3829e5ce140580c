"""Edits of applied resources of AWS."""

from __future__ import annotations

import json
from typing import Any

from tests.proof.editing import Attributes, document, edit

FUNCTION = "aws_lambda_function"
POLICY = "aws_iam_role_policy"
QUEUE = "aws_sqs_queue"
MAPPING = "aws_lambda_event_source_mapping"
ROLE = "aws_iam_role"
CONFIG = "T2M_CONFIG"
TOLD = "T2M_FUNCTION"


def environment(at: str, variable: str, **values: Any) -> Any:
    """A field of a function's JSON variable set; None takes it away."""

    def edits(attributes: Attributes) -> None:
        variables = attributes["environment"][0]["variables"]
        found = json.loads(variables[variable])
        for name, value in values.items():
            found[name] = value
            if value is None:
                del found[name]
        variables[variable] = json.dumps(found)

    return edit(FUNCTION, at, edits)


def topics(at: str, **values: str) -> Any:
    """Addresses of a function's topics set; "-" takes one away."""

    def edits(attributes: Attributes) -> None:
        variables = attributes["environment"][0]["variables"]
        found = json.loads(variables[CONFIG])
        found["topics"] |= {name.replace("_", "-"): value for name, value in values.items()}
        found["topics"] = {name: value for name, value in found["topics"].items() if value != "-"}
        variables[CONFIG] = json.dumps(found)

    return edit(FUNCTION, at, edits)


def statement(sid: str, at: str, **values: Any) -> Any:
    """A statement of a role's policy changed."""

    def edits(found: Any) -> None:
        next(each for each in found["Statement"] if each["Sid"] == sid).update(values)

    return document(POLICY, at, "policy", edits)


def without(sid: str, at: str) -> Any:
    """A role's policy without a statement."""

    def edits(found: Any) -> None:
        found["Statement"] = [each for each in found["Statement"] if each["Sid"] != sid]

    return document(POLICY, at, "policy", edits)


def trust(at: str, principal: Any, **more: Any) -> Any:
    """A role that somebody else may take."""

    def edits(found: Any) -> None:
        found["Statement"].append({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more})

    return document(ROLE, at, "assume_role_policy", edits)


def allow_everybody(found: Any) -> None:
    """A statement that lets anybody in."""
    found["Statement"].append({"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"})


def unsafe(found: Any) -> None:
    """Without the statement that refuses requests without TLS."""
    found["Statement"] = [each for each in found["Statement"] if each["Effect"] != "Deny"]
