"""Advice about a deployed twin: which moves pay at the prices in use, for the messages that come; told as an alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.events import Alert
from twin2multicloud.app.db.tables.stacks import Stack
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.optimizing.kept import Kept
from twin2multicloud.app.schemas.twins import Target
from twin2multicloud.app.services import alerts, cloud_costs, cloud_workload, placements, prices
from twin2multicloud.app.services.definitions import defined
from twin2multicloud.app.services.twin_connections import CLOUDS
from twin2multicloud.app.services.watching import ask_sandbox
from twin2multicloud.blueprint.plan import Place
from twin2multicloud.costing.months import Month
from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.spec import SECONDS_PER_MONTH
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.metering.window import Window
from twin2multicloud.sandbox.moving.contents import contents

FOLD: Final = "advice"
"""All advice about a twin at a target is one alert."""
OTHERWISE: Final = 0.25
"""By this part more or less, messages come otherwise than the workload says."""
_TARGETS: Final[tuple[Target, ...]] = ("clouds", "sandbox")
_MESSAGES: Final = "payload-count"
_HOUR_S: Final = 3_600.0
_DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class Counted:
    """What a sandbox has counted since it was made, or clouds since some hour: seconds of the twin's time, and messages
    of devices. `expected_per_s` is what its workload says.
    """

    elapsed_s: float
    messages: float
    expected_per_s: float

    def factor_since(self, earlier: Counted | None = None) -> float | None:
        """Messages that came for each one expected, since an earlier count; None where nothing can be said."""
        seconds = self.elapsed_s - (0.0 if earlier is None else earlier.elapsed_s)
        messages = self.messages - (0.0 if earlier is None else earlier.messages)
        if seconds <= 0 or messages <= 0 or self.expected_per_s <= 0:
            return None
        return messages / seconds / self.expected_per_s


def is_otherwise(factor: float | None) -> bool:
    """Whether so many messages for each expected one are another workload."""
    return factor is not None and not 1 / (1 + OTHERWISE) <= factor <= 1 + OTHERWISE


def counted(client: SandboxClient) -> Counted:
    """Ask a sandbox. Raises what the client raises."""
    window = Window.until_now(client.meters())
    messages = sum(amount for (name, _), amount in window.book.amounts().items() if name == _MESSAGES)
    return Counted(window.elapsed_s, messages, client.blueprint.by_edge["telemetry"].messages / SECONDS_PER_MONTH)


@dataclass(frozen=True)
class CloudCounts:
    """Counts from an hour on, after each further one that clouds told of; `until` is the last one's time."""

    counts: Sequence[Counted]
    until: float


def cloud_window_s(backend: Backend) -> float:
    """For how long messages in clouds must come otherwise. At least a day, so that nights are no other workload."""
    return max(backend.settings.advice_after_minutes * 60, _DAY_S)


def counted_in_clouds(backend: Backend, twin_id: str) -> CloudCounts | None:
    """What clouds counted lately, long enough ago for `cloud_window_s`; None where they count no messages of it."""
    now = backend.now()
    lately = Month(now - timedelta(seconds=2 * cloud_window_s(backend)), now)
    with backend.database.read() as session:
        twin = session.get(Twin, twin_id)
        hours = [] if twin is None else cloud_workload.kept(session, twin_id, lately)
        plan = cloud_costs.planned(session, twin) if twin is not None and hours else None
    if plan is None:
        return None
    per_s = plan.by_edge["telemetry"].messages / SECONDS_PER_MONTH
    counts = [Counted(0.0, 0.0, per_s)]
    for hour in hours:
        counts.append(Counted(counts[-1].elapsed_s + _HOUR_S, counts[-1].messages + hour.messages, per_s))
    return CloudCounts(counts, hours[-1].at.timestamp())


def _factor_in_clouds(backend: Backend, twin_id: str) -> float | None:
    """Messages for each one expected in the last hours that were told, if those are enough and it is otherwise."""
    told = counted_in_clouds(backend, twin_id)
    hours = round(cloud_window_s(backend) / _HOUR_S)
    if told is None or len(told.counts) <= hours:
        return None
    found = told.counts[-1].factor_since(told.counts[-1 - hours])
    return found if is_otherwise(found) else None


def target_of(session: Session, twin: Twin, wanted: Target | None = None) -> Target:
    """Where a twin is deployed: in its clouds, else in its sandbox. `ConflictError` where it is not."""
    found = set(session.scalars(select(Stack.target).where(Stack.twin_id == twin.id).distinct()))
    for target in _TARGETS if wanted is None else (wanted,):
        if target in found:
            return target
    where = "there" if wanted is not None else "anywhere"
    raise ConflictError(
        f"'{twin.name}' is not deployed {where}, so there is nothing to move; optimizing places it anew"
    )


@dataclass(frozen=True)
class Asked:
    """What advice rests on, read from the database."""

    twin_id: str
    target: Target
    kept: Kept
    stands: bool


def asked(session: Session, twin: Twin, wanted: Target | None = None) -> Asked:
    """The twin as it is deployed. `ConflictError` where it is not, or nobody knows how."""
    target = target_of(session, twin, wanted)
    there = placements.deployed_placement(session, twin, target)
    if there is None:
        raise ConflictError(f"how '{twin.name}' is placed in its {target} is not known; wait for its run to end")
    kept = placements.kept(session, twin)
    placed = Kept(kept.source, kept.format, there.model_dump(mode="json"), kept.overrides, kept.constraints)
    return Asked(twin.id, target, placed, _standing(session, twin.id, target) is not None)


def _standing(session: Session, twin_id: str, target: str) -> Alert | None:
    return session.scalar(
        select(Alert).where(Alert.twin_id == twin_id, Alert.target == target, Alert.fold == FOLD, Alert.over.is_(False))
    )


def question(
    backend: Backend, asked: Asked, *, horizon_months: float | None = None, factor: float | None = None
) -> partial[bytes]:
    """The question to the optimizer. A running sandbox tells what it holds, and, without a `factor`, how many messages
    came for each expected one, if it counted for long enough; so do clouds that count messages.
    """
    from twin2multicloud.app.optimizing import advising  # the optimizer, for whoever asks it

    held = None
    if asked.target == "sandbox":
        told = ask_sandbox(backend, asked.twin_id, "sandbox", lambda client: (_held(client), counted(client)))
        if told.answer is not None:
            held, count = told.answer
            if factor is None and count.elapsed_s >= backend.settings.advice_after_minutes * 60:
                found = count.factor_since()
                factor = found if is_otherwise(found) else None
    elif asked.target == CLOUDS and factor is None:
        factor = _factor_in_clouds(backend, asked.twin_id)
    subject = advising.Subject(
        asked.kept,
        defined(backend, asked.twin_id).spec,
        sandbox=asked.target == "sandbox",
        held=held,
        observed=factor,
        stands=asked.stands,
    )
    settings = backend.settings
    terms = advising.Terms(
        settings.advice_horizon_months if horizon_months is None else horizon_months,
        settings.advice_least_saving_pct,
        settings.advice_least_saving_usd,
    )
    return partial(advising.advise, subject=subject, terms=terms)


def _held(client: SandboxClient) -> dict[str, tuple[float, float]]:
    """What its stores hold, by the name of what would be copied if every slot went elsewhere."""
    there = client.blueprint
    elsewhere = {
        slot: Place(Provider.GCP if place.provider is not Provider.GCP else Provider.AWS, "", "elsewhere")
        for slot, place in there.places.items()
    }
    found = contents(client, msgspec.structs.replace(there, places=elsewhere))
    return {name: (content.items, content.bytes) for name, content in found.items()}


def reconsider(
    backend: Backend, twin_id: str, why: str, factor: float | None = None, target: Target | None = None
) -> dict[str, Any] | None:
    """Work out the advice about a twin anew, at a `target` or where it is deployed, and tell if there is some now, or
    none any more; `why` says what changed.
    None where nothing can be said about it; what was said of a place where it is not any more is withdrawn. For whoever
    has time: it takes about a second.
    """
    _withdraw(backend, twin_id)
    try:
        with backend.database.read() as session:
            twin = session.get(Twin, twin_id)
            if twin is None:
                return None
            known = asked(session, twin, target)
        answer = backend.optimizer.ask_now(prices.current(backend), question(backend, known, factor=factor))
    except Twin2MultiCloudError:
        return None  # it is not deployed, or what is there has no price: others say so
    advice: dict[str, Any] = msgspec.json.decode(answer)
    if not advice["worth"] and not known.stands:
        return advice
    with backend.database.write() as session:
        backend.database.take_turns(session, f"alerts/{twin_id}")
        twin = session.get(Twin, twin_id)
        if twin is not None:
            _tell(backend, session, twin, known.target, advice, why)
    return advice


def reconsider_all(backend: Backend, twin_ids: Sequence[str], why: str) -> None:
    """Of several twins, one after the other."""
    for twin_id in twin_ids:
        reconsider(backend, twin_id, why)


def _withdraw(backend: Backend, twin_id: str) -> None:
    """End advice about targets where a twin is not deployed any more."""
    with backend.database.write() as session:
        there = select(Stack.target).where(Stack.twin_id == twin_id)
        gone = session.scalars(
            select(Alert).where(
                Alert.twin_id == twin_id, Alert.fold == FOLD, Alert.over.is_(False), Alert.target.not_in(there)
            )
        )
        for alert in gone:
            alert.over = True


def _tell(backend: Backend, session: Session, twin: Twin, target: Target, advice: Mapping[str, Any], why: str) -> None:
    """Keep the alert, and tell of advice that is new, another one, or withdrawn; of the same again nobody is told."""
    alert = session.scalar(select(Alert).where(Alert.twin_id == twin.id, Alert.target == target, Alert.fold == FOLD))
    before = {} if alert is None else alert.data
    stood = alert is not None and not alert.over
    data = _facts(advice, why)
    same = stood and advice["worth"] and before.get("to") == data["to"]
    counted_before = before.get("counted", {}).get("total") or 0
    problem = alerts.Problem(
        fold=FOLD,
        kind="advice",
        severity="info",
        message=f"{twin.name}: {advice['reason']} ({why})",
        at=backend.now(),
        total=counted_before if same else counted_before + 1,
        over=not advice["worth"],
        data=data,
    )
    alerts.fold_in(backend, session, twin, target, [problem])
    if not same and (stood or advice["worth"]):
        event = NewEvent(twin.workspace_id, "advice", problem.message, twin_id=twin.id, data={**data, "target": target})
        backend.events.add(session, event)


def _facts(advice: Mapping[str, Any], why: str) -> dict[str, Any]:
    """What programs are told of advice."""
    proposed = advice["proposed"] or {}
    facts = ("slots", "saving_usd_per_month", "usd_once", "payback_months", "left_usd")
    return {
        **{key: proposed.get(key) for key in facts},
        "to": {move["slot"]: move["target"] for move in proposed.get("moves", ())},
        "worth": advice["worth"],
        "horizon_months": advice["horizon_months"],
        "observed": advice["observed"],
        "why": why,
    }
