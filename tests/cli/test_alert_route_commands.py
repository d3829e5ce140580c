"""`alerts routes`, `mutes` and `policy` over a data directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.receivers import Hook, hook
from tests.cli.serving import Place
from tests.cli.test_alert_commands import raised


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, {"T2M_WEBHOOKS__PRIVATE_NETWORKS": '["127.0.0.0/8"]'})


@pytest.fixture
def receiver() -> Iterator[Hook]:
    with hook() as made:
        yield made


@pytest.mark.slow
def test_people_choose_who_is_told(place: Place, receiver: Hook) -> None:
    place.done("twins", "create", place.twin)
    url = receiver.url.encode()
    made = place.done("alerts", "routes", "add-webhook", "on-call", "-", "--from", "error", "--twin", "greenhouse",
                      stdin=url + b"\n")  # fmt: skip
    assert len(made.out.strip()) == 43, "the secret alone, for programs"
    assert "canary" not in made.out + made.err
    assert "was told within" in place.done("alerts", "routes", "test", "on-call").err
    assert receiver.posts[0].json["reason"] == "test"
    receiver.answers.append((500, {}))
    failed = place("alerts", "routes", "test", "on-call")
    assert failed.code == 6
    assert "answers 500" in failed.err
    refused = place("alerts", "routes", "add-email", "team", "ada@example.org")
    assert refused.code == 6
    assert "smtp.host" in refused.err
    assert place("alerts", "routes", "add-webhook", "bad", "-", stdin=b"nowhere").code == 4
    raised(place, "hot")
    assert place.done("alerts", "routes", "notices", "on-call", "--json").json[0]["status"] == "waiting"
    shown = place.done("alerts", "routes", "list").out
    assert "on-call" in shown
    assert place.done("alerts", "routes", "change", "on-call", "--off", "--json").json["enabled"] is False
    set_to = place.done("alerts", "policy", "set", "--severity", "quota=warning", "--step", "15:on-call", "--json").json
    assert (set_to["severities"], set_to["steps"][0]["after_minutes"]) == ({"quota": "warning"}, 15)
    assert "on-call" in place.done("alerts", "policy", "show").out
    assert place("alerts", "policy", "set", "--severity", "quota").code == 2
    assert place("alerts", "routes", "delete", "on-call", "--yes").code == 6
    place.done("alerts", "policy", "set")
    rule = place.done("alerts", "mutes", "add", "--twin", "greenhouse", "--kind", "quo*", "--json").json
    assert rule["muted"] == 1
    assert "greenhouse" not in place.done("alerts", "list").out
    assert rule["id"] in place.done("alerts", "mutes", "list").out
    place.done("alerts", "mutes", "end", rule["id"])
    assert "no rule" in place.done("alerts", "mutes", "list").out
    place.done("alerts", "routes", "delete", "on-call", "--yes")
    assert place.done("alerts", "routes", "list", "--json").json == []
