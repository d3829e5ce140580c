"""Which prices a command takes that names none: the newest of this machine."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.app.backends import Clock, Site
from tests.cli.conftest import call
from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.cli.books import BookChoice
from twin2multicloud.app.db import migrate
from twin2multicloud.app.services import price_checks
from twin2multicloud.app.services.price_refresh import DirectorySource, refresh
from twin2multicloud.app.settings import read_settings
from twin2multicloud.optimizer.pricing.book import BUNDLED, load_book
from twin2multicloud.optimizer.pricing.fetching.choosing import FetchedPrice
from twin2multicloud.runtime.system_clock import SystemClock

FREE_THEN_20_CENTS = "usd = [[0, 0], [1e6, 0.20]], per = 1000000"


@pytest.fixture
def dearer(tmp_path: Path) -> Path:
    """A book in which a request of Lambda costs 7 a million, from the first one on."""
    made = tmp_path / "dearer"
    shutil.copytree(BUNDLED, made, ignore=shutil.ignore_patterns("*.py", "selectors", "__pycache__"))
    aws = made / "aws.toml"
    text = aws.read_text("utf-8")
    assert FREE_THEN_20_CENTS in text
    aws.write_text(text.replace(FREE_THEN_20_CENTS, "usd = [[0, 7]], per = 1000000"), "utf-8")
    return made


def test_what_was_taken_up_last_counts_until_another_book_is_named(tmp_path: Path, dearer: Path) -> None:
    environment = {"HOME": str(tmp_path), "T2M_DATA": str(tmp_path / "data")}

    def usd(*options: str) -> Any:
        asked = ("prices", "explain", "aws.lambda.requests", "--region", "eu-central-1", "--quantity", "2e6", "--json")
        done = call(*asked, *options, env=environment)
        assert done.code == 0, done.err
        return sum(line["usd"] for line in done.json["lines"])

    assert usd() == pytest.approx(0.2)
    with open_backend(read_settings(data=tmp_path / "data")) as backend:
        migrate.upgrade(backend.database)
        workspace = Site(backend, SystemClock(), None).workspace("berlin")  # type: ignore[arg-type]
        assert refresh(backend, None, workspace, DirectorySource(dearer), lambda text, data=None: None) is not None
    assert usd() == usd("--prices", str(dearer)) == pytest.approx(14)
    assert usd("--prices", "bundled") == pytest.approx(0.2)


def test_before_that_those_of_the_backends_settings_count(tmp_path: Path, dearer: Path) -> None:
    environment = {"HOME": str(tmp_path), "T2M_DATA": str(tmp_path / "data"), "T2M_PRICES": str(dearer)}
    done = call("prices", "show", "--region", "eu-central-1", "--meter", "lambda.requests", "--json", env=environment)
    assert done.json["figures"][0]["published"] == [7]


def test_prices_that_were_looked_up_again_are_as_old_as_that(tmp_path: Path) -> None:
    """Although the book is the one that the program brings, since none had moved."""
    clock = Clock()
    clock.time = datetime(2027, 3, 1, tzinfo=UTC).timestamp()
    with open_backend(read_settings(data=tmp_path / "data"), clock) as backend:
        migrate.upgrade(backend.database)
        book = load_book()
        figures = [each for each in book.figures() if each.policy == "list"]
        with backend.database.write() as session:
            seen = [
                FetchedPrice(
                    each.meter,
                    each.region,
                    tuple(zip(each.starts, each.published, strict=True)),
                    each.per,
                    skus=(),
                    rows=(),
                    effective="",
                )
                for each in figures
            ]
            price_checks.note(backend, session, seen, book)
    kept = BookChoice()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("T2M_DATA", str(tmp_path / "data"))
        assert kept.last_seen(kept.read()) == "2027-03-01"
        patch.setenv("T2M_DATA", str(tmp_path / "elsewhere"))
        assert kept.last_seen(kept.read()) == book.date


def test_a_database_that_is_none_leaves_the_bundled_prices(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "app.db").write_text("this is no database, but it is long enough to be read as one " * 30)
    asked = ("prices", "show", "--region", "eu-central-1", "--meter", "lambda.requests", "--json")
    done = call(*asked, env={"HOME": str(tmp_path), "T2M_DATA": str(tmp_path / "data")})
    assert done.code == 0, done.err
