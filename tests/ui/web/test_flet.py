"""What is used of Flet beside its widgets, as it was when it was read. Where this fails, read what has changed and look
at `ui/web/connection.py`, `sessions.py` and `client_files.py` again, before the digests here.
"""

from __future__ import annotations

import contextvars
import dataclasses
import hashlib
import inspect
from importlib.metadata import version
from pathlib import Path

import flet_web  # type: ignore[import-untyped]
import pytest
from flet.controls import context
from flet.messaging import connection, protocol
from flet.messaging.session import Session
from flet.pubsub.pubsub_hub import PubSubHub

VERSION = "1.0.5"
DIGESTS = {
    "flet/messaging/session.py": "c53e7518ee51c894",
    "flet/messaging/connection.py": "407a134d50a4ff0c",
    "flet/messaging/protocol.py": "9a8d64a2ec23405c",
    "flet_web/fastapi/flet_app.py": "08fbf45b86076ce2",
    "flet_web/web/index.html": "971ecd93a39b8258",
    "flet_web/web/flutter_bootstrap.js": "fbddf77eab302c4c",
}


@pytest.mark.parametrize("package", ["flet", "flet-web", "flet-charts", "flet-code-editor", "flet-webview"])
def test_all_parts_are_of_the_version_that_was_read(package: str) -> None:
    assert version(package) == VERSION


@pytest.mark.parametrize("file", DIGESTS)
def test_the_code_is_what_was_read(file: str) -> None:
    packages = Path(flet_web.__file__).parents[1]
    assert hashlib.sha256((packages / file).read_bytes()).hexdigest()[:16] == DIGESTS[file]


def test_a_session_is_what_is_made_use_of() -> None:
    waits = {name for name, method in inspect.getmembers(Session, inspect.iscoroutinefunction)}
    assert {"disconnect", "dispatch_event", "dispatch_connect_event", "after_event"} <= waits
    for name in ("close", "error", "apply_patch", "apply_page_patch", "get_page_patch", "attach_connection",
                 "handle_invoke_method_results"):  # fmt: skip
        assert not inspect.iscoroutinefunction(getattr(Session, name)), name
    assert isinstance(context._context_page, contextvars.ContextVar)
    assert callable(context.context.reset_auto_update)
    assert list(inspect.signature(PubSubHub).parameters) == ["loop", "executor"]


def test_messages_are_what_is_spoken() -> None:
    assert {action.name: action.value for action in protocol.MessageAction} == {
        "REGISTER_CLIENT": 1,
        "PATCH_CONTROL": 2,
        "CONTROL_EVENT": 3,
        "UPDATE_CONTROL_PROPS": 4,
        "INVOKE_METHOD": 5,
        "SESSION_CRASHED": 6,
        "PYTHON_OUTPUT": 7,
    }
    told = {
        protocol.RegisterClientRequestBody: ["session_id", "page_name", "page"],
        protocol.RegisterClientResponseBody: ["session_id", "page_patch", "error"],
        protocol.ControlEventBody: ["target", "name", "data"],
        protocol.UpdateControlPropsBody: ["id", "props"],
        protocol.InvokeMethodResponseBody: ["control_id", "call_id", "result", "error"],
    }
    for body, fields in told.items():
        assert [field.name for field in dataclasses.fields(body)] == fields
    for name in ("loop", "executor", "pubsubhub", "send_message", "dispose"):
        assert hasattr(connection.Connection, name), name
