"""Taking up newer prices: fetched from a source, checked, and told by what they do to every twin's bill.

Fetching and pricing take long, so they come first and in no session; taking up is one transaction. A source is whatever
gives the texts of a book's files: a directory, or the clouds' price lists (`live_prices`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.twins import PriceBookVersion, Twin
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.optimizing.kept import Kept, Priced
from twin2multicloud.app.optimizing.meters import diff_json, identity
from twin2multicloud.app.services import advice, audit, placements, prices
from twin2multicloud.model.fields import counted
from twin2multicloud.model.slots import PROVIDERS
from twin2multicloud.optimizer.pricing.book import PriceBook, book_texts
from twin2multicloud.optimizer.pricing.diff import diff_books

_PART: Final = 25
"""Twins that are priced at a time."""
_HALF_A_CENT: Final = 0.005


class Tell(Protocol):
    """Is told how far it is."""

    def __call__(self, text: str, data: Mapping[str, Any] | None = None) -> None:
        """In words for people, and for programs: which cloud, region and service, and how many of how many prices."""
        ...


class PriceSource(Protocol):
    """Where prices come from."""

    def fetch(self, tell: Tell) -> Mapping[str, str]:
        """The texts of a whole price book (file name → TOML), telling what is being fetched. `InvalidInputError` or
        `UnavailableError` where it cannot be had; whether it is sound is checked by whoever asked.
        """
        ...


@dataclass(frozen=True)
class DirectorySource:
    """A book in a directory; None: the one that the program brings."""

    directory: Path | None = None

    def fetch(self, tell: Tell) -> Mapping[str, str]:
        """The files as they are."""
        tell(f"Reading the price book in {self.directory}" if self.directory else "Reading the bundled price book")
        return book_texts(self.directory)


@dataclass(frozen=True)
class Effect:
    """What new prices do to a twin's bill, USD per month; `problem` where it cannot be said any more. And to the
    cheapest placement under its constraints: what that costs, and the `optimum_slots` that it fills otherwise now.
    """

    twin_id: str
    workspace_id: str
    name: str
    before_usd: float | None
    after_usd: float | None
    problem: str | None = None
    optimum_before_usd: float | None = None
    optimum_after_usd: float | None = None
    optimum_slots: tuple[str, ...] = ()

    @property
    def repriced(self) -> bool:
        """Whether anybody would be billed otherwise."""
        if self.before_usd is None or self.after_usd is None:
            return self.problem is not None
        return abs(self.after_usd - self.before_usd) > _HALF_A_CENT

    @property
    def noticeable(self) -> bool:
        """Whether anything is otherwise: the bill, or what would be cheapest."""
        before, after = self.optimum_before_usd, self.optimum_after_usd
        moved = before is not None and after is not None and abs(after - before) > _HALF_A_CENT
        return self.repriced or moved or bool(self.optimum_slots) or (before is None) != (after is None)

    @property
    def saving_usd(self) -> float:
        """What the cheapest placement costs less than the twin's own, by the new prices."""
        if self.after_usd is None or self.optimum_after_usd is None:
            return 0.0
        return max(self.after_usd - self.optimum_after_usd, 0.0)


@dataclass(frozen=True)
class Prepared:
    """A book that was fetched and found sound, against the one in use."""

    book: Book
    before: Book
    known: bool
    changes: dict[str, Any] = field(default_factory=dict)
    effects: Sequence[Effect] = ()


def refresh(
    backend: Backend, principal: Principal | None, workspace_id: str, source: PriceSource, tell: Tell
) -> PriceBookVersion | None:
    """All of it, for a run's stage: fetch, check, compare, take up. None if that book was taken up before. Raises
    `InvalidInputError` with every fault of a book that is not sound; nothing is changed then.
    """
    prepared = prepare(backend, source, tell)
    if prepared.known:
        return None
    with backend.database.write() as session:
        taken = take_up(backend, session, principal, workspace_id, prepared)
    if taken is not None:
        advice.reconsider_all(
            backend, [each.twin_id for each in prepared.effects if each.noticeable], f"prices of {taken.date}"
        )
        tell(f"Price book {taken.number} ({prepared.book.prices.version}) is in use")
    return taken


def prepare(backend: Backend, source: PriceSource, tell: Tell) -> Prepared:
    """Fetch a book, check it, and work out what it changes. Opens sessions of its own, each for a moment."""
    texts = source.fetch(tell)
    before = prices.current(backend)
    if texts == before.texts:
        tell("These prices are in use already")
        return Prepared(before, before, known=True)
    tell("Checking")
    book = Book.of(texts)
    _tell_contents(book.prices, tell)
    with backend.database.read() as session:
        known = book.hash == before.hash or session.get(PriceBookVersion, book.hash) is not None
    if known:
        tell("These prices are in use already" if book.hash == before.hash else "These prices were in use before")
        return Prepared(book, before, known)
    changes = diff_json(diff_books(before.prices, book.prices))
    tell(
        f"{counted(len(changes['figures']), 'price differs', 'prices differ')}; new: "
        f"{counted(len(changes['meters_added']), 'meter')}, {counted(len(changes['regions_added']), 'region')}"
    )
    effects = []
    for part in _placed(backend):
        effects += _effects(backend, before, book, part)
        tell(f"{counted(len(effects), 'twin')} priced anew", {"twins": len(effects)})
    return Prepared(book, before, known, changes, effects)


def compared(backend: Backend, before_hash: str, after_hash: str, twins: Set[str]) -> dict[str, Any]:
    """What differs between two books that are kept, and what it does to those of the `twins` that have a placement: as
    the changes of a book that was taken up. Opens sessions of its own.
    """
    before, after = prices.book_of(backend, before_hash), prices.book_of(backend, after_hash)
    effects = []
    for part in _placed(backend):
        effects += _effects(backend, before, after, [each for each in part if each.twin_id in twins])
    return {
        "before": identity(before.prices),
        "after": identity(after.prices),
        **diff_json(diff_books(before.prices, after.prices)),
        "twins": {effect.twin_id: _effect_json(effect) for effect in effects if effect.noticeable},
    }


def _tell_contents(book: PriceBook, tell: Tell) -> None:
    """A line per cloud, region and service: how many prices are there, and of how many all told."""
    counts = Counter(
        (meter.provider, figure.region, meter.service)
        for figure in book.figures()
        for meter in (book.meter(figure.meter),)
    )
    done, total = 0, counts.total()
    for provider in PROVIDERS:
        regions = len(book.regions_of(provider))
        tell(f"{provider.label}: {counted(regions, 'region')}", {"provider": provider.value, "regions": regions})
        for (_, region, service), count in ((key, n) for key, n in counts.items() if key[0] is provider):
            done += count
            data = {"provider": provider.value, "region": region, "service": service, "prices": count}
            tell(
                f"{provider.label} {region}: {service} {counted(count, 'price')}",
                {**data, "done": done, "total": total},
            )


@dataclass(frozen=True)
class _Subject:
    twin_id: str
    workspace_id: str
    name: str
    kept: Kept


def _placed(backend: Backend) -> Iterator[list[_Subject]]:
    """The twins that have a placement, some at a time."""
    last = ""
    while True:
        with backend.database.read() as session:
            found = session.scalars(select(Twin).where(Twin.id > last).order_by(Twin.id).limit(_PART)).all()
            subjects = [
                _Subject(twin.id, twin.workspace_id, twin.name, placements.kept(session, twin)) for twin in found
            ]
        if not found:
            return
        last = found[-1].id
        placed = [each for each in subjects if each.kept.placement is not None]
        if placed:
            yield placed


def _effects(backend: Backend, before: Book, after: Book, subjects: Sequence[_Subject]) -> list[Effect]:
    from twin2multicloud.app.optimizing.twins import priced  # the optimizer, which this module's importers do not need

    question = partial(priced, twins=[each.kept for each in subjects])
    old, new = (backend.optimizer.ask_now(book, question) for book in (before, after))
    return [_effect(subject, was, now) for subject, was, now in zip(subjects, old, new, strict=True)]


def _effect(subject: _Subject, was: Priced, now: Priced) -> Effect:
    best, better = was.optimum or {}, now.optimum or {}
    return Effect(
        subject.twin_id,
        subject.workspace_id,
        subject.name,
        was.usd,
        now.usd,
        now.problem,
        was.optimum_usd,
        now.optimum_usd,
        tuple(slot for slot in best if slot in better and best[slot] != better[slot]),
    )


def take_up(
    backend: Backend, session: Session, principal: Principal | None, workspace_id: str, prepared: Prepared
) -> PriceBookVersion | None:
    """Have a prepared book be the one in use; None if somebody else took it up meanwhile, `ConflictError` if it was
    another one. Every twin whose bill changes gets an event in its workspace.
    """
    prices.keep(backend, session, prepared.before)
    backend.database.take_turns(session, prices.TURNS)
    if session.get(PriceBookVersion, prepared.book.hash) is not None:
        return None
    if prices.newest(session) != prepared.before.hash:
        raise ConflictError("other prices were taken up meanwhile, which these were not compared with; refresh again")
    noticed = [effect for effect in prepared.effects if effect.noticeable]
    changes = {
        "before": identity(prepared.before.prices),
        "after": identity(prepared.book.prices),
        **prepared.changes,
        "twins": {effect.twin_id: _effect_json(effect) for effect in noticed},
    }
    taken = prices.version(backend, session, prepared.book, changes)
    session.add(taken)
    session.flush()
    data: dict[str, Any] = {"number": taken.number, "hash": taken.hash, "twins": len(noticed)}
    text = f"prices of {taken.date} are in use ({len(prepared.changes.get('figures', ()))} differ)"
    backend.events.add(session, NewEvent(workspace_id, "prices.taken_up", text, data=data))
    backend.events.add(session, *(_event(effect, taken) for effect in noticed if effect.repriced))
    audit.note(backend, session, principal, "prices.taken_up", taken.hash, workspace_id=workspace_id, **data)
    return taken


def _event(effect: Effect, taken: PriceBookVersion) -> NewEvent:
    if effect.problem is not None:
        text = f"{effect.name} cannot be priced by the prices of {taken.date} as it is placed: {effect.problem}"
    else:
        was = "" if effect.before_usd is None else f" instead of ${effect.before_usd:,.2f}"
        text = f"{effect.name} costs ${effect.after_usd or 0.0:,.2f}{was} / month by the prices of {taken.date}"
        if effect.saving_usd > _HALF_A_CENT:
            text += f"; placed otherwise it would cost ${effect.optimum_after_usd:,.2f}"
    return NewEvent(
        effect.workspace_id,
        "twin.repriced",
        text,
        "info" if effect.problem is None else "warning",
        twin_id=effect.twin_id,
        data={**_effect_json(effect), "book": taken.number},
    )


def _effect_json(effect: Effect) -> dict[str, Any]:
    return {
        "before_usd": effect.before_usd,
        "after_usd": effect.after_usd,
        "problem": effect.problem,
        "optimum_before_usd": effect.optimum_before_usd,
        "optimum_after_usd": effect.optimum_after_usd,
        "optimum_slots": list(effect.optimum_slots),
    }


def taken_json(taken: PriceBookVersion | None) -> dict[str, Any]:
    """What a refresh came to: the book that was taken up, if one was, and how much of it differs. What that does to
    twins is told to those who may see them (`GET /prices/books/{number}`).
    """
    if taken is None:
        return {"taken": None, "changes": {}}
    book = {"number": taken.number, "hash": taken.hash, "date": taken.date}
    return {"taken": book, "changes": prices.change_counts(taken)}
