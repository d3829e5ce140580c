"""Plans, events and results of runs, as the API tells them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from twin2multicloud.app.schemas.events import Event

BEGIN = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
HOT = "L3-hot"


def change(address: str, action: str = "add", usd: float | None = None) -> dict[str, Any]:
    """A resource of a plan."""
    return {
        "address": f"module.slot.{address}",
        "type": address.partition(".")[0],
        "action": action,
        "component": "",
        "attributes": [],
        "usd_per_month": usd,
    }


def stack(
    name: str, slot: str | None, *changes: dict[str, Any], provider: str = "aws", usd: float = 0.0
) -> dict[str, Any]:
    """A stack of a plan."""
    return {
        "stack": name,
        "slot": slot,
        "provider": provider,
        "region": "eu-central-1",
        "module": "",
        "untouched": not changes,
        "pending": [],
        "usd_per_month": usd,
        "other_components_usd_per_month": {},
        "resources": list(changes),
    }


def plan(*stacks: dict[str, Any], usd: float = 20.5) -> dict[str, Any]:
    """A plan."""
    return {"usd_per_month": usd, "stacks": list(stacks)}


SMALL = plan(
    stack("foundation-aws-eu-central-1", None, change("aws_budgets_budget.budget")),
    stack(HOT, "L3.hot", change("aws_dynamodb_table.hot", usd=3.25), change("aws_iam_role.hot"), usd=3.25),
    stack("L2", "L2"),
)
"""A plan with a foundation, a slot and one that is not touched."""
DESTROYING = plan(stack(HOT, "L3.hot", change("aws_dynamodb_table.hot", "destroy")), usd=0.0)


class Telling:
    """Makes a run's events, a second apart."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count(1)

    def event(
        self,
        kind: str,
        message: str = "",
        *,
        stack: str = "",
        severity: Any = "info",
        data: dict[str, Any] | None = None,
    ) -> Event:
        """An event."""
        number = next(self._numbers)
        return Event(
            id=number,
            at=BEGIN + timedelta(seconds=number),
            workspace="wsp_1",
            twin="twn_1",
            run="run_1",
            kind=kind,
            severity=severity,
            stack=stack,
            message=message or kind,
            data=data or {},
        )

    def progress(self, stack: str, address: str, phase: str, action: str = "create") -> Event:
        """What is told of a resource."""
        told = {"event": "progress", "resource": f"module.slot.{address}", "action": action, "phase": phase}
        return self.event("engine", f"{address}: {phase}", stack=stack, data={"event": told})

    def planned(self, document: dict[str, Any]) -> Event:
        """That there is a plan."""
        return self.event("run.planned", data={"plan": document})

    def outcome(self, stack: str, status: str, **more: Any) -> Event:
        """How a stack ended."""
        return self.event("outcome", f"{stack}: {status}", stack=stack, data={"outcome": {"status": status, **more}})
