"""Webhooks and user functions of rules: what is tried again, and what is not done twice."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.runtime.parts import Reports, at, raw, spec_of
from tests.runtime.peers import answers, closes, peer
from twin2multicloud.model.spec import FunctionAction, Rule, WebhookAction
from twin2multicloud.runtime.adapters.local.rule_states import LocalRuleStates
from twin2multicloud.runtime.adapters.local.secrets import LocalSecrets
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.failures import HandlerError
from twin2multicloud.runtime.handlers.act import SIGNATURE, Act
from twin2multicloud.runtime.handlers.ingest import normalise
from twin2multicloud.runtime.handlers.rules import Rules
from twin2multicloud.runtime.user_code import UserCode

COUNTING = "alerts = []\ndef act(alert):\n    alerts.append(alert)\n    assert alert['values']['count'] != 13\n"


class Acting:
    def __init__(self, directory: Path, *actions: WebhookAction | FunctionAction) -> None:
        self.spec = spec_of(Rule("hot", "meter", "temperature > 30", trigger="each", actions=actions))
        self.reports = Reports()
        self.secrets = LocalSecrets(directory / "secrets.db")
        self.code = UserCode({"f": COUNTING})
        self.act = Act(self.spec, self.code, self.secrets, self.reports)
        states = LocalRuleStates(directory / "states.db")
        self._rules = Rules(self.spec, states, now=lambda: 0.0)
        states.close()

    def actions(self, *counts: int) -> list[Event]:
        """What processing hands on for messages with these counts."""
        messages = [normalise(raw(ts=at(n), temperature=40, count=c), self.spec) for n, c in enumerate(counts)]
        return self._rules.evaluate(messages).actions

    @property
    def calls(self) -> list[int]:
        return [alert["values"]["count"] for alert in self.code._modules["f"].alerts] if self.code._modules else []


@contextmanager
def acting(directory: Path, *actions: WebhookAction | FunctionAction) -> Iterator[Acting]:
    made = Acting(directory, *actions)
    yield made
    made.secrets.close()


def test_a_webhook_is_signed_if_it_has_a_secret(tmp_path: Path) -> None:
    with (
        peer(answers(204, b"")) as there,
        acting(tmp_path, WebhookAction(f"{there.url}/hook?x=1", "hook"), WebhookAction(there.url)) as here,
    ):
        here.secrets.put("hook", "s3cret")
        events = here.actions(1)
        here.act(events)
        (headers, body), (plain, _) = there.requests
        assert headers[SIGNATURE] == hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
        assert SIGNATURE not in plain
        assert headers["t2m-event"] == events[0].id
        sent = msgspec.json.decode(body)
        assert (sent["rule"], sent["device"], sent["time"], sent["active"]) == ("hot", "meter-1", at(0), True)
        assert sent["values"] == {"temperature": 40, "count": 1}
        assert here.reports.all == []


def test_a_batch_that_comes_again_does_nothing_twice(tmp_path: Path) -> None:
    behaviours = (answers(200), answers(500), answers(200), answers(200))
    with peer(*behaviours) as there, acting(tmp_path, FunctionAction("f"), WebhookAction(there.url)) as here:
        events = here.actions(1, 2, 3)
        with pytest.raises(HandlerError, match="answered 500") as caught:
            here.act(events)
        assert caught.value.report.kind == "action-failed"
        assert here.calls == [1, 2, 3], "one webhook holds nobody else up"
        here.act(events)
        assert here.calls == [1, 2, 3]
        assert [msgspec.json.decode(body)["values"]["count"] for _, body in there.requests] == [1, 2, 3, 2]
        here.act(events)
        assert len(there.requests) == 4


def test_a_function_that_fails_is_not_called_again(tmp_path: Path) -> None:
    with acting(tmp_path, FunctionAction("f")) as here:
        events = here.actions(13, 14)
        here.act(events)
        here.act(events)
        assert here.calls == [13, 14]
        (report,) = here.reports.all
        assert (report.kind, report.device) == ("action-failed", "meter-1")
        assert "f.act raised AssertionError in line 4" in report.message


@pytest.mark.parametrize("status", [300, 400, 404, 410])
def test_a_webhook_that_refuses_is_reported_and_let_go(tmp_path: Path, status: int) -> None:
    with peer(answers(status)) as there, acting(tmp_path, WebhookAction(there.url)) as here:
        here.act(here.actions(1))
        assert [report.message.endswith(f"answered {status}") for report in here.reports.all] == [True]


def test_a_webhook_that_is_away_comes_again(tmp_path: Path) -> None:
    with peer(closes, answers(429), answers(200)) as there, acting(tmp_path, WebhookAction(there.url)) as here:
        events = here.actions(1)
        for _ in range(2):
            with pytest.raises(HandlerError):
                here.act(events)
        here.act(events)
        assert len({headers["t2m-event"] for headers, _ in there.requests}) == 1


def test_a_secret_that_is_missing_is_named_and_its_value_never(tmp_path: Path) -> None:
    with acting(tmp_path, WebhookAction("http://127.0.0.1:1/", "hook")) as here:
        here.act(here.actions(1))
        assert "there is no secret 'hook'" in here.reports.all[0].message
        here.secrets.put("hook", "canary-value")
        with pytest.raises(HandlerError) as caught:
            here.act(here.actions(2))
        assert "canary" not in str(caught.value)


def test_actions_of_rules_that_were_changed_meanwhile(tmp_path: Path) -> None:
    with acting(tmp_path, FunctionAction("f")) as here:
        (event,) = here.actions(1)
        for data in ({}, {"rule": "gone", "action": 0}, {"rule": "hot", "action": 5}, {"rule": "hot", "action": "0"}):
            here.act([Event(str(data), "/x", event.type, event.subject, event.time, {**data, "values": {}})])
        assert here.calls == []
