"""Newer prices are taken up whole, told twin by twin, and rest of what was decided before stays as it was priced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.app.backends import Person, Site, site
from tests.app.test_placements import place, propose
from twin2multicloud.app.auth.access import Principal, Scope
from twin2multicloud.app.db.tables import AuditEntry, Event, PriceBookVersion
from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.services import price_refresh, prices
from twin2multicloud.app.services.price_refresh import DirectorySource
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.optimizer.pricing.book import book_texts


def quiet(text: str, data: Mapping[str, Any] | None = None) -> None:
    pass


class Told(list[tuple[str, Mapping[str, Any]]]):
    """What was told, with its data."""

    def __call__(self, text: str, data: Mapping[str, Any] | None = None) -> None:
        self.append((text, data or {}))

    @property
    def texts(self) -> list[str]:
        """In words."""
        return [text for text, _ in self]


def dearer(texts: Mapping[str, str], factor: float = 2.0) -> dict[str, str]:
    """The same book with every single price of AWS multiplied."""
    found = dict(texts)
    found["aws.toml"] = re.sub(
        r"usd = ([0-9][0-9.e-]*)", lambda match: f"usd = {float(match[1]) * factor!r}", texts["aws.toml"]
    )
    assert found["aws.toml"] != texts["aws.toml"]
    return found


class Given:
    """A source that has a book."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def fetch(self, tell: price_refresh.Tell) -> Mapping[str, str]:
        tell("Fetching AWS us-east-1 prices")
        return self.texts


def principal_of(person: Person) -> Principal:
    return Principal(person.user_id, "olga", "olga@example.org", True, frozenset(Scope))


def refreshed(here: Site, person: Person, texts: Mapping[str, str]) -> PriceBookVersion | None:
    return price_refresh.refresh(here.backend, principal_of(person), here.workspace_id, Given(texts), quiet)


def test_new_prices_are_told_twin_by_twin(here: Site, owner: Person) -> None:
    aws, azure, bare = (owner.create_twin(name)["id"] for name in ("on-aws", "on-azure", "bare"))
    for twin, cloud in ((aws, "aws"), (azure, "azure")):
        place(owner, twin, 1, optimization=propose(owner, twin, constraints={"providers": [cloud]})["id"])
    before = owner.get(f"twins/{aws}/bill")
    assert owner.get("prices/books")["items"][0]["number"] == 1, "what something rests on is kept"

    told = Told()
    source = Given(dearer(book_texts()))
    taken = price_refresh.refresh(here.backend, principal_of(owner), here.workspace_id, source, told)
    assert taken is not None
    assert taken.number == 2
    assert told.texts[0] == "Fetching AWS us-east-1 prices"
    assert any(re.fullmatch(r"AWS: \d+ regions", line) for line in told.texts)
    assert any(re.fullmatch(r"AWS eu-central-1: AWS Lambda \d+ prices", line) for line in told.texts)
    assert told.texts[-1].startswith("Price book 2 ")
    counted = [data for _, data in told if "total" in data]
    assert {each["provider"] for each in counted} == {"aws", "azure", "gcp"}
    assert all({"provider", "region", "service", "prices", "done", "total"} == set(each) for each in counted)
    assert [each["done"] for each in counted] == list(accumulate(each["prices"] for each in counted))
    assert counted[-1]["done"] == counted[-1]["total"] == len(list(prices.current(here.backend).prices.figures()))

    after = owner.get(f"twins/{aws}/bill")
    assert after["price_book"]["hash"] == taken.hash == owner.get("prices")["hash"]
    assert after["usd_per_month"] > before["usd_per_month"]
    assert owner.get(f"twins/{aws}")["usd_per_month"] == pytest.approx(before["usd_per_month"]), "as it was decided"
    with here.backend.database.read() as session:
        events = session.scalars(select(Event).where(Event.kind.like("%price%")).order_by(Event.id)).all()
        audit = session.scalars(select(AuditEntry).where(AuditEntry.action == "prices.taken_up")).one()
    assert [(event.kind, event.twin_id) for event in events] == [("prices.taken_up", None), ("twin.repriced", aws)]
    assert events[1].data["after_usd"] == pytest.approx(after["usd_per_month"])
    assert events[1].data["before_usd"] == pytest.approx(before["usd_per_month"])
    assert audit.subject == taken.hash
    assert owner.get(f"twins/{bare}")["current"]["placement"] is None

    newest, first = owner.get("prices/books")["items"]
    assert (newest["number"], first["number"], first["changes"]) == (2, 1, {})
    assert newest["changes"]["figures"] > 10
    assert price_refresh.taken_json(taken) == {
        "taken": {"number": 2, "hash": taken.hash, "date": taken.date},
        "changes": newest["changes"],
    }
    detail = owner.get("prices/books/2")
    [effect] = [each for each in detail["twins"] if each["twin"] == aws]
    assert effect["after_usd"] == pytest.approx(after["usd_per_month"])
    # What would be cheapest is asked of the same constraints: AWS only, which leaves it where it is.
    assert effect["optimum_after_usd"] == pytest.approx(effect["after_usd"])
    assert effect["optimum_before_usd"] == pytest.approx(effect["before_usd"])
    assert azure not in [each["twin"] for each in detail["twins"]]
    assert detail["diff"]["before"]["hash"] == first["hash"]
    assert {change["tiers"][0]["relative"] for change in detail["diff"]["figures"]} == {1.0}
    owner.get("prices/books/3", 404)
    stranger = here.person("sven", workspace_id=here.workspace("rome"))
    assert stranger.get("prices/books/2")["twins"] == []


def test_questions_are_answered_by_the_new_prices_at_once(here: Site, owner: Person) -> None:
    body = {"scenario": "smart-home", "constraints": {"providers": ["aws"]}}
    before = owner.post("optimize", body)
    assert refreshed(here, owner, dearer(book_texts(), 3.0)) is not None
    after = owner.post("optimize", body)
    assert after["usd_per_month"] > before["usd_per_month"]
    assert after["price_book"]["hash"] != before["price_book"]["hash"]


def test_the_same_prices_again_change_nothing(here: Site, owner: Person) -> None:
    assert refreshed(here, owner, book_texts()) is None
    assert owner.get("prices/books")["items"] == []
    newer = dearer(book_texts())
    assert refreshed(here, owner, newer) is not None
    told = Told()
    assert price_refresh.refresh(here.backend, None, here.workspace_id, Given(newer), told) is None
    assert told.texts[-1] == "These prices are in use already"
    assert price_refresh.refresh(here.backend, None, here.workspace_id, DirectorySource(), told) is None
    assert told.texts[-1] == "These prices were in use before"
    assert len(owner.get("prices/books")["items"]) == 2


def test_what_becomes_cheapest_is_told_even_where_no_bill_changes(here: Site, owner: Person) -> None:
    anywhere = owner.create_twin("anywhere")["id"]
    place(owner, anywhere, 1, optimization=propose(owner, anywhere, constraints={"providers": ["azure"]})["id"])
    free = owner.create_twin("free")["id"]
    placed = place(owner, free, 1, optimization=propose(owner, free)["id"])
    assert "aws" in {each["provider"] for each in placed["placement"].values()}
    assert refreshed(here, owner, dearer(book_texts(), 50.0)) is not None
    effects = {each["twin"]: each for each in owner.get("prices/books/2")["twins"]}
    assert set(effects) == {free}
    found = effects[free]
    assert found["after_usd"] > found["before_usd"] == pytest.approx(found["optimum_before_usd"])
    assert found["optimum_after_usd"] < found["after_usd"]
    assert found["optimum_slots"]
    [event] = [each for each in owner.get("events?limit=500")["items"] if each["kind"] == "twin.repriced"]
    assert event["message"].endswith(f"placed otherwise it would cost ${found['optimum_after_usd']:,.2f}")


def test_a_faulty_book_is_refused_whole(here: Site, owner: Person) -> None:
    broken = {**book_texts(), "gcp.toml": "provider = 'gcp'"}
    with pytest.raises(InvalidInputError) as found:
        refreshed(here, owner, broken)
    assert found.value.findings
    assert owner.get("prices/books")["items"] == []


def test_a_twin_that_new_prices_cannot_price_is_told_so(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    placed = place(owner, twin, 1, optimization=propose(owner, twin, constraints={"providers": ["azure"]})["id"])
    region = placed["placement"]["L3.hot"]["region"]
    source = _without(book_texts(), "azure", region)
    assert refreshed(here, owner, source) is not None
    detail = owner.get("prices/books/2")
    assert [(effect["twin"], effect["after_usd"]) for effect in detail["twins"]] == [(twin, None)]
    assert "cannot be had" in detail["twins"][0]["problem"]
    assert owner.get(f"twins/{twin}/bill", 409)["type"].endswith(":prices")


def _without(texts: Mapping[str, str], provider: str, region: str) -> dict[str, str]:
    """The book with a region's code spelled otherwise everywhere, as if it had been closed and another opened."""
    return {**texts, f"{provider}.toml": re.sub(rf"\b{region}\b", f"{region}9", texts[f"{provider}.toml"])}


def test_of_two_refreshes_at_once_one_takes_its_book_up(here: Site, owner: Person) -> None:
    def go(factor: float) -> Any:
        try:
            return refreshed(here, owner, dearer(book_texts(), factor))
        except ConflictError:
            return None

    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(go, [2.0, 2.0, 4.0]))
    taken = [each.number for each in found if each is not None]
    assert taken
    with here.backend.database.read() as session:
        numbers = session.scalars(select(PriceBookVersion.number).order_by(PriceBookVersion.number)).all()
        events = session.scalar(select(func.count()).where(Event.kind == "prices.taken_up"))
    assert list(numbers) == list(range(1, len(taken) + 2))
    assert events == len(taken)


def test_prepared_against_prices_that_are_not_in_use_any_more(here: Site, owner: Person) -> None:
    prepared = price_refresh.prepare(here.backend, Given(dearer(book_texts(), 5.0)), quiet)
    assert refreshed(here, owner, dearer(book_texts(), 6.0)) is not None
    with pytest.raises(ConflictError, match="refresh again"), here.backend.database.write() as session:
        price_refresh.take_up(here.backend, session, None, here.workspace_id, prepared)
    assert [each["number"] for each in owner.get("prices/books")["items"]] == [2, 1]


def test_the_settings_name_the_first_book(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "prices"
    folder.mkdir()
    for name, text in dearer(book_texts()).items():
        (folder / name).write_text(text, "utf-8")
    with site(tmp_path / "data", database_url, prices=folder) as here:
        owner = here.person("olga")
        mine = owner.get("prices")["hash"]
        assert mine == prices.current(here.backend).hash
        (folder / "aws.toml").write_text(book_texts()["aws.toml"], "utf-8")
        taken = price_refresh.refresh(here.backend, None, here.workspace_id, DirectorySource(folder), quiet)
        assert taken is not None
        assert owner.get("prices")["hash"] == taken.hash != mine
        assert owner.get("prices/book")["files"]["aws.toml"] == book_texts()["aws.toml"], (
            "what was refreshed is fetched"
        )
