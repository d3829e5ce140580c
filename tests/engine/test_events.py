"""Lines of Terraform and OpenTofu as typed events: none is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin2multicloud.deployer.engine.events import (
    ChangeSummary,
    Diagnostic,
    Event,
    Log,
    Outputs,
    Phase,
    PlannedChange,
    Progress,
    ResourceDrift,
    Severity,
    Version,
    parse_event,
)
from twin2multicloud.deployer.engine.plain import parse_plain

QUEUE = {
    "addr": 'module.l1.aws_sqs_queue.intake["a"]',
    "module": "module.l1",
    "resource": 'aws_sqs_queue.intake["a"]',
    "resource_type": "aws_sqs_queue",
    "resource_name": "intake",
    "resource_key": "a",
}
ADDRESS = QUEUE["addr"]


def line(kind: str, message: str = "said", level: str = "info", **fields: Any) -> bytes:
    common = {"@level": level, "@message": message, "@module": "terraform.ui", "@timestamp": "2026-11-26T02:33:33Z"}
    return json.dumps({**common, "type": kind, **fields}).encode()


CASES: dict[str, tuple[bytes, Event]] = {
    "version": (line("version", terraform="1.11.4", ui="1.2"), Version("1.11.4", "1.2")),
    "opentofu's version": (line("version", tofu="1.8.3", ui="1.2"), Version("1.8.3", "1.2")),
    "planned": (
        line("planned_change", change={"resource": QUEUE, "action": "replace", "reason": "tainted"}),
        PlannedChange(ADDRESS, "replace", "aws_sqs_queue", "tainted"),
    ),
    "drift": (
        line("resource_drift", change={"resource": QUEUE, "action": "delete"}),
        ResourceDrift(ADDRESS, "delete", "aws_sqs_queue"),
    ),
    "started": (
        line("apply_start", hook={"resource": QUEUE, "action": "create"}),
        Progress(ADDRESS, "create", Phase.STARTED, 0, "aws_sqs_queue"),
    ),
    "still": (
        line("apply_progress", hook={"resource": QUEUE, "action": "create", "elapsed_seconds": 20}),
        Progress(ADDRESS, "create", Phase.STILL, 20, "aws_sqs_queue"),
    ),
    "complete": (
        line(
            "apply_complete",
            hook={"resource": QUEUE, "action": "create", "id_key": "id", "id_value": "q-1", "elapsed_seconds": 21},
        ),
        Progress(ADDRESS, "create", Phase.COMPLETE, 21, "aws_sqs_queue", "q-1"),
    ),
    "errored": (
        line("apply_errored", hook={"resource": QUEUE, "action": "delete", "elapsed_seconds": 3}),
        Progress(ADDRESS, "delete", Phase.ERRORED, 3, "aws_sqs_queue"),
    ),
    "refresh": (
        line("refresh_complete", hook={"resource": QUEUE, "id_key": "id", "id_value": "q-1"}),
        Progress(ADDRESS, "refresh", Phase.COMPLETE, 0, "aws_sqs_queue", "q-1"),
    ),
    "error": (
        line(
            "diagnostic",
            level="error",
            diagnostic={
                "severity": "error",
                "summary": "Unsupported argument",
                "detail": "An argument named x is not expected here.",
                "address": ADDRESS,
                "range": {
                    "filename": "main.tf",
                    "start": {"line": 7, "column": 3, "byte": 90},
                    "end": {"line": 7, "column": 4, "byte": 91},
                },
                "snippet": {"context": "resource", "code": "  x = 1", "start_line": 7, "values": []},
            },
        ),
        Diagnostic(
            Severity.ERROR,
            "Unsupported argument",
            "An argument named x is not expected here.",
            ADDRESS,
            "main.tf",
            7,
            "  x = 1",
        ),
    ),
    "warning without a place": (
        line("diagnostic", diagnostic={"severity": "warning", "summary": "Deprecated", "detail": ""}),
        Diagnostic(Severity.WARNING, "Deprecated"),
    ),
    "summary": (
        line("change_summary", changes={"add": 3, "change": 2, "import": 1, "remove": 4, "operation": "apply"}),
        ChangeSummary("apply", 3, 2, 4, 1),
    ),
    "outputs": (
        line(
            "outputs",
            outputs={"url": {"sensitive": False, "type": "string", "value": "https://x"}, "key": {"sensitive": True}},
        ),
        Outputs({"url": "https://x"}, ("key",)),
    ),
    "provisioner": (
        line(
            "provision_progress", "q: hello", hook={"resource": QUEUE, "provisioner": "local-exec", "output": "hello"}
        ),
        Log("q: hello", "info", "provision_progress"),
    ),
    "a kind of the future": (line("telepathy", "I know", thought={"a": 1}), Log("I know", "info", "telepathy")),
    "a known kind without its fields": (line("diagnostic", "odd", "warn"), Log("odd", "warn", "diagnostic")),
    "a known kind with other fields": (
        line("change_summary", changes="many"),
        Log(line("change_summary", changes="many").decode()),
    ),
    "no JSON": (b"panic: runtime error", Log("panic: runtime error")),
    "no text": (b"\xff\xfe", Log("��")),
}


@pytest.mark.parametrize(("raw", "event"), CASES.values(), ids=CASES.keys())
def test_each_line_is_an_event(raw: bytes, event: Event) -> None:
    assert parse_event(raw) == event


def test_an_empty_line_is_none() -> None:
    assert parse_event(b" \r") is None


@given(st.binary(min_size=1).filter(lambda raw: raw.strip() != b""))
def test_whatever_is_printed_is_kept(raw: bytes) -> None:
    event = parse_event(raw)
    assert isinstance(event, Log)
    assert event.message


def test_a_diagnostic_reads_as_a_person_writes_it() -> None:
    event = CASES["error"][1]
    assert str(event) == (f"{ADDRESS}: Unsupported argument (main.tf:7)\nAn argument named x is not expected here.")


FRAMED = """
Initializing provider plugins...
╷
│ Warning: Deprecated
│
│ Use something else.
╵
╷
│ Error: Unsupported Terraform Core version
│
│   on main.tf line 2, in terraform:
│    2:   required_version = "> 99"
│
│ This configuration does not support Terraform version 1.11.4.
╵
Done.
"""
PLAIN = """
Error: Failed to query available provider packages

Could not retrieve the list
of versions

Error: Second
"""


def test_text_for_people_is_read_too() -> None:
    assert parse_plain(FRAMED) == [
        Diagnostic(Severity.WARNING, "Deprecated", "Use something else."),
        Diagnostic(
            Severity.ERROR,
            "Unsupported Terraform Core version",
            "This configuration does not support Terraform version 1.11.4.",
            None,
            "main.tf",
            2,
            '  required_version = "> 99"',
        ),
    ]
    assert parse_plain(PLAIN) == [
        Diagnostic(
            Severity.ERROR, "Failed to query available provider packages", "Could not retrieve the list\nof versions"
        ),
        Diagnostic(Severity.ERROR, "Second"),
    ]
    assert parse_plain("Success! The configuration is valid.") == []
