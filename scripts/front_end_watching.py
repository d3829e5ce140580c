"""What watches over the pictured twin: who is told of alerts, what it may cost, and a bill that is not as predicted."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.alert_policy import EscalationStep, MuteRuleInput, PolicyInput
from twin2multicloud.app.schemas.alert_routes import EmailInput, WebhookInput
from twin2multicloud.app.schemas.bills import SimulatedBillInput
from twin2multicloud.app.schemas.costs import BudgetInput
from twin2multicloud.app.schemas.twins import Twin

_BUDGET_USD: Final = 50.0


@dataclass(frozen=True)
class Receivers:
    """Who takes what is told: a webhook's address, and the settings of a server that may use them."""

    webhook: str
    settings: dict[str, str]


@contextmanager
def receivers() -> Iterator[Receivers]:
    """A receiver of webhooks and a mail server on this machine, until the block ends."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.app.receivers import hook, mailbox

    with hook() as told, mailbox() as mails:
        yield Receivers(
            told.url.replace("127.0.0.1", "localhost"),
            {
                "T2M_WEBHOOKS__PRIVATE_NETWORKS": '["127.0.0.0/8", "::1/128"]',
                "T2M_SMTP__HOST": "127.0.0.1",
                "T2M_SMTP__PORT": str(mails.port),
                "T2M_SMTP__SECURITY": "none",
            },
        )


def tell_people(client: Client, twin: Twin, webhook: str) -> None:
    """Two routes, one of them for what nobody looks after, and a rule for what is known."""
    routes, here = client.alert_routes, twin.workspace
    team = routes.create(
        here,
        EmailInput(
            kind="email", name="building team", to=["jonas.albrecht@example.org", "sofia.lindqvist@example.org"]
        ),
    )
    call = routes.create(
        here, WebhookInput(kind="webhook", name="on-call", url=SecretStr(webhook), min_severity="error")
    )
    for route in (team, call):
        routes.test(routes.get(here, route.id))
    steps = [EscalationStep(after_minutes=15, route=call.id), EscalationStep(after_minutes=60, route=team.id)]
    policy = PolicyInput(severities={"quota": "critical"}, escalate_from="error", steps=steps)
    routes.set_policy(here, policy, routes.policy(here).version)
    known = MuteRuleInput(twin=twin.id, layer="L5*", minutes=240, note="Grafana is being moved to another machine")
    routes.mute(here, known)


def bill(client: Client, twin: Twin) -> None:
    """A budget, and a month's bill on which a price and a quantity differ, and something that nothing models."""
    client.bills.set_budget(twin.id, BudgetInput(usd_per_month=_BUDGET_USD))
    metered = [each for each in client.bills.validation(twin.id).meters if each.usd_metered]
    dearest = sorted(metered, key=lambda each: -Decimal(each.usd_metered or 0))
    price, quantity = (dearest[number].meter for number in (1, 2))
    changes = SimulatedBillInput(prices={price: 1.5}, quantities={quantity: 2.0}, unmodelled={"azure": 1.25})
    client.bills.read(twin.id, client.bills.simulated(twin.id, changes))
