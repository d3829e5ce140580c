"""Rules, their scope and what they set off: wrong ones are found before anything starts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.conftest import Change, findings, problem, put, read
from twin2multicloud.model.twin.check_rules import url_problem
from twin2multicloud.model.twin.compile import compile_twin


def rule(**keys: Any) -> Change:
    """A change that makes the twin's only rule this one."""
    keys = {"name": "r", "on": "sensor", "when": "count > 1", **keys}
    return put("rules", value=[{"for" if key == "for_" else key: value for key, value in keys.items()}])


def action(what: Any) -> Change:
    return rule(actions=[what])


@pytest.mark.parametrize(
    ("keys", "field", "says"),
    [
        ({"when": "temprature > 30"}, "when", "column 1: unknown field 'temprature'; did you mean 'temperature'?"),
        ({"when": "temperature >"}, "when", "column 14: a value is missing"),
        ({"when": "state == 'onn'"}, "when", "did you mean 'on'?"),
        ({"when": "temperature"}, "when", "not a condition"),
        ({"clear": "temperature = 3"}, "clear", "write =="),
        ({"when": "device == 'sensor-11'"}, "when", 'device is never "sensor-11"; did you mean \'sensor-1'),
        ({"when": "device_type == 'senso'"}, "when", "did you mean 'sensor'?"),
        ({"on": "senso"}, "on", "there is no device type 'senso'; did you mean 'sensor'?"),
        ({"devices": ["sensor-1"]}, "devices[0]", "there is no device 'sensor-1'; did you mean 'sensor-"),
        ({"devices": ["sensor-01", "valve-a"]}, "devices[1]", "'valve-a' is of type valve, not of sensor"),
        ({"devices": ["valve-*"]}, "devices[0]", "no device of type sensor fits 'valve-*'"),
        ({"devices": []}, "devices", "name at least one"),
        ({"trigger": "each", "for_": 5}, "", "for belongs to trigger: edge"),
        ({"trigger": "each", "clear": "count < 1"}, "", "clear belongs to trigger: edge"),
        ({"severity": "bad"}, "severity", "write 'info', 'warning', 'error' or 'critical'"),
        ({"actions": []}, "actions", "name at least one"),
    ],
)
def test_a_wrong_rule(keys: dict[str, Any], field: str, says: str) -> None:
    found, text = problem(rule(**keys))
    assert found == f"rules[0].{field}".rstrip(".")
    assert says in text


@pytest.mark.parametrize(
    ("what", "field", "says"),
    [
        (
            {"alert": "{temprature} in {device}"},
            "alert",
            "{temprature} names no field of sensor; did you mean 'temperature'?",
        ),
        (
            {"command": {"name": "sett", "payload": {"to": 1}}},
            "command.name",
            "know no command 'sett'; did you mean 'set'?",
        ),
        ({"command": {"name": "set", "payload": {"to": 6}}}, "command.payload.to", "6 is above 5"),
        ({"command": {"name": "set", "payload": {"to": -1}}}, "command.payload.to", "-1 is below 0"),
        ({"command": {"name": "set", "payload": {"to": "1"}}}, "command.payload.to", "'1' is not of type integer"),
        ({"command": {"name": "set", "payload": {"to": True}}}, "command.payload.to", "is not of type integer"),
        (
            {"command": {"name": "set", "payload": {"to": 1, "x": 1}}},
            "command.payload.x",
            "has no field 'x'; remove it",
        ),
        ({"command": "set"}, "command.payload", "needs 'to'; write to: a integer"),
        ({"command": {"name": "close"}}, "command.name", "devices of type sensor know no command 'close'"),
        ({"command": {"name": "reset", "device": "valve-a"}}, "command.name", "of type valve know no command"),
        ({"command": {"name": "close", "device": "valve-c"}}, "command.device", "did you mean 'valve-"),
        ({"webhook": "http://example.com/x"}, "webhook", "write https"),
        ({"webhook": "https://user:pw@example.com/x"}, "webhook", "sign with a secret instead"),
        ({"webhook": {"url": "https://example.com", "secret": "a_b"}}, "webhook.secret", "Azure Key Vault"),
        ({}, "", "is one of alert, command, webhook, function"),
        ({"alert": "x", "webhook": "https://example.com"}, "", "write each as an item of its own"),
        ({"mail": "x"}, "mail", "unknown field"),
    ],
)
def test_a_wrong_action(what: dict[str, Any], field: str, says: str) -> None:
    found = findings(action(what))
    name = f"rules[0].actions[0].{field}".rstrip(".")
    assert says in found[name].problem
    assert set(found) <= {name, "rules[0].actions[0]"}


def test_sound_actions_are_compiled() -> None:
    actions = [
        "alert",
        {"alert": "{temperature} °C at {device}, {time}"},
        {"command": "reset"},
        {"command": {"name": "close", "device": "valve-b"}},
        {"command": {"name": "set", "payload": {"to": 5}}},
        {"webhook": "https://example.com/hook?x=1"},
        {"webhook": {"url": "http://127.0.0.1:8080/", "secret": "hook-key"}},
    ]
    spec = compile_twin(read(rule(actions=actions, when="temperature > 30.5", for_="90s")))
    (compiled,) = spec.rules
    assert compiled.for_s == 90
    assert [type(item).__name__ for item in compiled.actions] == [
        "AlertAction",
        "AlertAction",
        "CommandAction",
        "CommandAction",
        "CommandAction",
        "WebhookAction",
        "WebhookAction",
    ]
    assert [item.device for item in compiled.actions[2:5]] == ["", "valve-b", ""]  # type: ignore[union-attr]


def test_the_scope_is_compiled_to_names() -> None:
    spec = compile_twin(read(rule(devices=["sensor-0*", "sensor-10", "sensor-01"])))
    assert spec.rules[0].devices == tuple(f"sensor-{n:02}" for n in range(1, 11))
    assert compile_twin(read(rule())).rules[0].devices == ()


@pytest.mark.parametrize(
    "url", ["https://a.example/x", "http://localhost:1/x", "http://[::1]:8/", "https://10.0.0.1:8443"]
)
def test_urls_that_may_be_posted_to(url: str) -> None:
    assert url_problem(url) is None


@pytest.mark.parametrize(
    "url", ["", "x", "ftp://a/b", "https://", "https://a b/", "https://a:99999/", "http://localhost.evil.com/"]
)
def test_urls_that_may_not(url: str) -> None:
    assert url_problem(url)
