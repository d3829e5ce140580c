"""Telling people of alerts: what waits in the outbox goes out by its routes, once it can.

Notices are written with the alert they tell of, so a crash loses none. One that goes out is noted afterwards: whoever
is killed in between tells it again, under the same id. What cannot be told is tried again, ever more seldom, for a day.
Of all processes of an installation one tells; a route is never told by two threads at once, so that one that does not
answer holds up itself only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.sealing import SealError
from twin2multicloud.app.db.tables.telling import AlertNotice, AlertRoute
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.monitoring.alone import Reach
from twin2multicloud.app.monitoring.attending import Turns
from twin2multicloud.app.monitoring.escalating import escalate
from twin2multicloud.app.monitoring.rounds import Errands, Rounds
from twin2multicloud.app.services import alert_routes
from twin2multicloud.app.services.webhooks import DeliveryError

LOCK: Final = "notifier"
GIVE_UP_AFTER_S: Final = 86_400.0
_EVERY_S: Final = 1.0
_ESCALATE_EVERY_S: Final = 5.0
_MOST_IN_A_MESSAGE: Final = 1_000
_FIRST_WAIT_S: Final = 2.0
_LONGEST_WAIT_S: Final = 3_600.0
_MINUTE_S: Final = 60.0


class Notifier:
    """Tells what is due. Threads may share it, as long as none tells by a route that another one tells by."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def due(self) -> list[str]:
        """The routes with something that is due."""
        with self._backend.database.read() as session:
            query = select(AlertNotice.route_id).where(
                AlertNotice.status == "waiting", AlertNotice.due_at <= self._backend.now()
            )
            return sorted(session.scalars(query.distinct()))

    def tell(self, route_id: str) -> None:
        """Tell what is due by a route: by a webhook each notice, the oldest first, until one cannot be told; by e-mail
        all of it in one message, unless enough were sent within the last minute.
        """
        with self._backend.database.read() as session:
            route = session.get(AlertRoute, route_id)
            due = self._due(session, route_id)
        if route is None or not due:
            return
        if not route.enabled:
            self._end(route, due, "failed", "the route is switched off")
            return
        if route.kind == "email":
            if not self._is_crowded(route_id):
                self._send(route, due)
            return
        for notice in due:
            if not self._send(route, [notice]):
                return

    def _due(self, session: Session, route_id: str) -> Sequence[AlertNotice]:
        return session.scalars(
            select(AlertNotice)
            .where(
                AlertNotice.route_id == route_id,
                AlertNotice.status == "waiting",
                AlertNotice.due_at <= self._backend.now(),
            )
            .order_by(AlertNotice.created_at, AlertNotice.id)
            .limit(_MOST_IN_A_MESSAGE)
        ).all()

    def _is_crowded(self, route_id: str) -> bool:
        """Whether as many messages as may be went out within the last minute: what is due waits to be told in one."""
        since = self._backend.now() - timedelta(seconds=_MINUTE_S)
        with self._backend.database.read() as session:
            sent = session.scalars(
                select(AlertNotice.sent_in)
                .where(AlertNotice.route_id == route_id, AlertNotice.status == "sent", AlertNotice.ended_at > since)
                .distinct()
            ).all()
        return len(sent) >= self._backend.settings.smtp.mails_per_minute

    def _send(self, route: AlertRoute, due: Sequence[AlertNotice]) -> bool:
        try:
            alert_routes.send(self._backend, route, due[0].id, [notice.body for notice in due])
        except DeliveryError as error:
            self._put_off(route, due, str(error), error.retry_after_s)
            return False
        except SealError as error:
            self._put_off(route, due, str(error), None)
            return False
        self._end(route, due, "sent", "")
        return True

    def _end(self, route: AlertRoute, due: Sequence[AlertNotice], status: str, problem: str) -> None:
        now = self._backend.now()
        with self._backend.database.write() as session:
            for notice in self._now(session, due):
                notice.status, notice.problem, notice.ended_at = status, problem, now
                notice.attempts += 1
                notice.sent_in = due[0].id if status == "sent" else ""
            there = session.get(AlertRoute, route.id)
            if there is not None and status == "sent":
                there.problem, there.told_at = "", now

    def _put_off(
        self, route: AlertRoute, due: Sequence[AlertNotice], problem: str, retry_after_s: float | None
    ) -> None:
        now = self._backend.now()
        with self._backend.database.write() as session:
            given_up = 0
            for notice in self._now(session, due):
                notice.attempts += 1
                notice.problem = problem
                wait_s = min(_FIRST_WAIT_S * 2 ** min(notice.attempts - 1, 20), _LONGEST_WAIT_S)
                notice.due_at = now + timedelta(seconds=max(wait_s, retry_after_s or 0.0))
                if now - notice.created_at >= timedelta(seconds=GIVE_UP_AFTER_S):
                    notice.status, notice.ended_at = "failed", now
                    given_up += 1
            there = session.get(AlertRoute, route.id)
            if there is None:
                return
            if not there.problem:
                self._tell_of(session, there, f"the route {there.name} cannot be told by: {problem}")
            there.problem = problem
            if given_up:
                self._tell_of(session, there, f"{given_up:,} notices could not be told by {there.name} within a day")

    def _now(self, session: Session, due: Sequence[AlertNotice]) -> Sequence[AlertNotice]:
        """The notices as they are now; without those that went with their route."""
        ids = [notice.id for notice in due]
        return session.scalars(select(AlertNotice).where(AlertNotice.id.in_(ids)).with_for_update()).all()

    def _tell_of(self, session: Session, route: AlertRoute, message: str) -> None:
        event = NewEvent(route.workspace_id, "alert-route.failed", message, "warning", data={"route": route.id})
        self._backend.events.add(session, event)


def notifying(backend: Backend) -> Rounds:
    """Tells and escalates, while it is the one of the installation to do so."""
    notifier, turns = Notifier(backend), Turns(backend.clock, _ESCALATE_EVERY_S)
    telling = Errands("notify", "what was told by %s cannot be noted now: %s")

    def go_round() -> float:
        if turns.take("escalate"):
            escalate(backend)
        for route in notifier.due():
            telling.begin(route, partial(notifier.tell, route))
        return _EVERY_S

    rounds = Rounds(backend, LOCK, Reach.INSTALLATION, go_round, (telling,), "nobody can be told of alerts now: %s")
    # What this process writes is told at once; what others write is found within a second.
    backend.events.listen(rounds.wake)
    return rounds


@contextmanager
def telling_people(backend: Backend) -> Iterator[None]:
    """While this lasts, alerts go out by their routes."""
    with notifying(backend):
        yield
