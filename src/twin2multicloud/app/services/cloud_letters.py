"""Dead letters of twins in clouds: each site's store is read, written and put back from with the twin's connections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, Literal

import msgspec

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.errors import InvalidError, UnavailableError
from twin2multicloud.app.schemas import sandboxes as shapes
from twin2multicloud.app.services.cloud_twins import REFUSED, CloudTwin, Open, opener
from twin2multicloud.deployer.deployment import Site
from twin2multicloud.model.errors import Finding, UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.letters import TOPICS
from twin2multicloud.runtime.envelope import Event, RawMessage, items_of
from twin2multicloud.runtime.handlers.ingest import letter_text
from twin2multicloud.runtime.ports import DeadLetter, DeadLetters

_PAGE: Final = 100
_MOST: Final = 10_000
"""As many are replayed or dropped at once."""
_UNDER_WAY: Final = "~"
"""What the id of a message that is being put back ends with."""
_SLOTS: Final = {topic: slot for slot, topics in TOPICS.items() for topic in topics}


def letters(
    backend: Backend, twin_id: str, cloud: str | None, limit: int, open_twin: Open | None = None
) -> list[shapes.DeadLetter]:
    """Dead letters, site by site, at most so many. `open_twin` is for tests."""
    found: list[shapes.DeadLetter] = []
    with (open_twin or opener(backend))(twin_id) as twin:
        for site, store in _stores(twin, cloud):
            for letter in _all(store, site):
                if len(found) == limit:
                    return found
                found.append(shapes.DeadLetter(**_shown(site, letter)))
    return found


def letter(backend: Backend, twin_id: str, letter_id: str, open_twin: Open | None = None) -> shapes.WholeDeadLetter:
    """One of them with what it holds; its id may be shortened to where it is still unique."""
    with (open_twin or opener(backend))(twin_id) as twin:
        ((site, _, found),) = _chosen(twin, shapes.Letters(ids=[letter_id]))
    more = {"topic": found.topic, "trace": found.trace, "body": letter_text(found)}
    return shapes.WholeDeadLetter(**_shown(site, found), **more)


def settle(
    backend: Backend,
    twin_id: str,
    verb: Literal["replay", "drop"],
    given: shapes.Letters,
    open_twin: Open | None = None,
) -> shapes.LettersDone:
    """Put dead letters back where they came from, or throw them away."""
    done: list[str] = []
    kept: list[dict[str, Any]] = []
    with (open_twin or opener(backend))(twin_id) as twin:
        for site, store, each in _chosen(twin, given):
            try:
                problem = _replayed(twin, store, each) if verb == "replay" else _dropped(store, each)
            except REFUSED as error:
                problem = f"its store at {site} refuses: {error}"
            if problem:
                kept.append({"id": each.id, "problem": problem})
            else:
                done.append(each.id)
    return shapes.LettersDone(done=done, kept=kept)


# ── Mechanics ───────────────────────────────────────────────────────────────────────────────────────────────
def _dropped(store: DeadLetters, found: DeadLetter) -> str:
    store.remove([found.id])
    return ""


def _replayed(twin: CloudTwin, store: DeadLetters, found: DeadLetter) -> str:
    """Why a message could not be put back; "" if it was.

    It may fail again at once, and is then kept under the same id: so out of the way with this letter before. A copy
    stays until the message is in its queue, lest it be lost should this process end here.
    """
    topic, slot = _now_at(twin, found.topic)
    if slot is None:
        return f"cannot go back to {found.topic}: the twin has no such queue"
    try:
        items = items_of(found.body)
    except ValueError:
        return "it is no message of the twin, so that nobody could read it again; drop it"
    copy = msgspec.structs.replace(found, id=f"{found.id}{_UNDER_WAY}")
    store.put([copy])
    store.remove([found.id])
    try:
        queues = twin.reached.queues(slot)
        if events := [each for each in items if isinstance(each, Event)]:
            queues.publish(topic, events)
        if raw := [each for each in items if isinstance(each, RawMessage)]:
            queues.publish_raw(topic, raw)
    except REFUSED as error:
        store.put([found])
        store.remove([copy.id])
        return f"cannot go back to {topic}: {error}"
    store.remove([copy.id])
    return ""


def _now_at(twin: CloudTwin, topic: str) -> tuple[str, Slot | None]:
    """Where a topic's messages go now: what got stuck between L1 and L2 into the intake, if they are neighbours now."""
    if topic == "telemetry-outbox" and not twin.deployment.blueprint.by_edge["telemetry"].apart:
        topic = "intake"
    return topic, _SLOTS.get(topic)


def _stores(twin: CloudTwin, cloud: str | None = None) -> Iterator[tuple[Site, DeadLetters]]:
    for site in twin.deployment.sites:
        if cloud in (None, site.provider.value):
            try:
                yield site, twin.reached.shared(site).dead_letters
            except UsageError:
                continue  # nothing is deployed there yet
            except REFUSED as error:
                raise _unread(site, error) from error


def _all(store: DeadLetters, site: Site) -> Iterator[DeadLetter]:
    after = ""
    while page := _page(store, site, after):
        yield from page
        after = page[-1].id


def _page(store: DeadLetters, site: Site, after: str) -> Sequence[DeadLetter]:
    try:
        return store.list(after, _PAGE)
    except REFUSED as error:
        raise _unread(site, error) from error


_Found = tuple[Site, DeadLetters, DeadLetter]


def _chosen(twin: CloudTwin, given: shapes.Letters) -> list[_Found]:
    stores = list(_stores(twin))
    if given.all:
        return list(islice(((site, store, each) for site, store in stores for each in _all(store, site)), _MOST))
    chosen = {wanted: _called(stores, wanted) for wanted in given.ids}
    shortened = tuple(wanted for wanted, found in chosen.items() if found is None)
    if shortened:
        longer: dict[str, list[_Found]] = {wanted: [] for wanted in shortened}
        for site, store in stores:
            for each in _all(store, site):
                for wanted in shortened:
                    if each.id.startswith(wanted):
                        longer[wanted].append((site, store, each))
        for wanted, matches in longer.items():
            chosen[wanted] = _only(wanted, matches)
    return list({found[2].id: found for found in chosen.values() if found is not None}.values())


def _called(stores: Sequence[tuple[Site, DeadLetters]], id: str) -> _Found | None:
    for site, store in stores:
        try:
            found = store.get(id)
        except REFUSED as error:
            raise _unread(site, error) from error
        if found is not None:
            return site, store, found
    return None


def _only(wanted: str, matches: Sequence[_Found]) -> _Found:
    if len(matches) == 1:
        return matches[0]
    problem = f"{len(matches)} dead letters begin so" if matches else "no dead letter has that id"
    raise InvalidError(
        f"'{wanted[:64]}': {problem}; `twin2multicloud twins dead-letters list TWIN --target clouds` shows them",
        findings=[Finding("ids", "are ids of dead letters, or how they begin", wanted[:64])],
    )


def _unread(site: Site, error: Exception) -> UnavailableError:
    return UnavailableError(
        f"dead letters at {site} cannot be read: {error}; those of other clouds are told if only they are asked for"
    )


def _shown(site: Site, found: DeadLetter) -> dict[str, str]:
    return {
        "cloud": site.provider.value,
        **{name: getattr(found, name) for name in ("id", "device", "component", "at", "reason")},
    }
