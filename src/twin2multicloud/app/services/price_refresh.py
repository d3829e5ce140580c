"""Taking up newer prices: fetched from a source, checked, and told by what they do to every twin's bill.

Fetching and pricing take long, so they come first and in no session; taking up is one transaction. A source is whatever
gives the texts of a book's files: a directory so far, clouds' price lists later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
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
from twin2multicloud.app.optimizing.kept import Kept
from twin2multicloud.app.optimizing.meters import diff_json, identity
from twin2multicloud.app.services import audit, placements, prices
from twin2multicloud.model.slots import PROVIDERS
from twin2multicloud.optimizer.pricing.book import PriceBook, book_texts
from twin2multicloud.optimizer.pricing.diff import diff_books

Tell = Callable[[str], None]
"""Is told how far it is, in words for people."""
_PART: Final = 25
"""Twins that are priced at a time."""
_HALF_A_CENT: Final = 0.005


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
    """What new prices do to a twin's bill, USD per month; `problem` where it cannot be said any more."""

    twin_id: str
    workspace_id: str
    name: str
    before_usd: float | None
    after_usd: float | None
    problem: str | None = None

    @property
    def noticeable(self) -> bool:
        """Whether anybody would be billed otherwise."""
        if self.before_usd is None or self.after_usd is None:
            return self.problem is not None
        return abs(self.after_usd - self.before_usd) > _HALF_A_CENT


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
        tell(f"Price book {taken.number} ({prepared.book.prices.version}) is in use")
    return taken


def prepare(backend: Backend, source: PriceSource, tell: Tell) -> Prepared:
    """Fetch a book, check it, and work out what it changes. Opens sessions of its own, each for a moment."""
    texts = source.fetch(tell)
    tell("Checking")
    book = Book.of(texts)
    for line in _contents(book.prices):
        tell(line)
    before = prices.current(backend)
    with backend.database.read() as session:
        known = book.hash == before.hash or session.get(PriceBookVersion, book.hash) is not None
    if known:
        tell("These prices are in use already" if book.hash == before.hash else "These prices were in use before")
        return Prepared(book, before, known)
    changes = diff_json(diff_books(before.prices, book.prices))
    tell(
        f"{len(changes['figures'])} prices differ; {len(changes['meters_added'])} meters and "
        f"{len(changes['regions_added'])} regions are new"
    )
    effects = []
    for part in _placed(backend):
        effects += _effects(backend, before, book, part)
        tell(f"{len(effects)} twins priced anew")
    return Prepared(book, before, known, changes, effects)


def _contents(book: PriceBook) -> Iterator[str]:
    """A line per cloud and service: what is there."""
    figures = list(book.figures())
    for provider in PROVIDERS:
        yield f"{provider.label}: {len(book.regions_of(provider))} regions"
        mine = [figure for figure in figures if book.meter(figure.meter).provider is provider]
        counts = Counter(book.meter(figure.meter).service for figure in mine)
        places: dict[str, set[str]] = {}
        for figure in mine:
            places.setdefault(book.meter(figure.meter).service, set()).add(figure.region)
        for service, count in counts.items():
            yield f"{provider.label} {service}: {count} prices in {len(places[service])} regions"


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
    from twin2multicloud.app.optimizing.twins import totals  # the optimizer, which this module's importers do not need

    question = partial(totals, twins=[each.kept for each in subjects])
    old, new = (backend.optimizer.ask_now(book, question) for book in (before, after))
    effects = []
    for subject, was, now in zip(subjects, old, new, strict=True):
        effects.append(
            Effect(
                subject.twin_id,
                subject.workspace_id,
                subject.name,
                was if isinstance(was, float) else None,
                now if isinstance(now, float) else None,
                now if isinstance(now, str) else None,
            )
        )
    return effects


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
    backend.events.add(session, *(_event(effect, taken) for effect in noticed))
    audit.note(backend, session, principal, "prices.taken_up", taken.hash, workspace_id=workspace_id, **data)
    return taken


def _event(effect: Effect, taken: PriceBookVersion) -> NewEvent:
    if effect.problem is not None:
        text = f"{effect.name} cannot be priced by the prices of {taken.date} as it is placed: {effect.problem}"
    else:
        was = "" if effect.before_usd is None else f" instead of ${effect.before_usd:,.2f}"
        text = f"{effect.name} costs ${effect.after_usd or 0.0:,.2f}{was} / month by the prices of {taken.date}"
    return NewEvent(
        effect.workspace_id,
        "twin.repriced",
        text,
        "info" if effect.problem is None else "warning",
        twin_id=effect.twin_id,
        data={**_effect_json(effect), "book": taken.number},
    )


def _effect_json(effect: Effect) -> dict[str, Any]:
    found = asdict(effect)
    return {name: found[name] for name in ("before_usd", "after_usd", "problem")}
