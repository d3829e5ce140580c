from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from twin2multicloud.optimizer.pricing.book import PriceBook, load_book

TINY = """
provider = "aws"
version = "t1"
date = "2026-01-02"

[sources]
S = { title = "a source", date = "2026-01-01" }

[regions]
here = { name = "Here", country = "DE", geography = "EU", zone = "eu" }
there = { name = "There", country = "US", geography = "US", zone = "us" }

[services.fn]
title = "Functions"
meters = [
  { id = "calls", counts = "calls", C = "C_E", kind = "per-use", measure = "count", unit = "calls", scope = "account" },
  { id = "memory", counts = "memory", C = "C_E", kind = "per-use", measure = "bytes", unit = "GB", size = "GB", scope = "zone", pool = "p" },
]
figures = [
  { meter = "calls", in = "*", usd = [[0, 0], [1000000, 0.20]], per = 1000000, source = "S", on = "2026-01-01", confidence = "A" },
  { meter = "memory", in = "here", usd = 0.5, source = "S", on = "2026-01-01", confidence = "A" },
]

[transit]
size = "GB"
rows = [{ from = "here", to = "*", usd = 0.02, source = "S", on = "2026-01-01", confidence = "A" }]
"""  # noqa: E501

WriteBook = Callable[..., Path]


@pytest.fixture
def write_book(tmp_path: Path) -> WriteBook:
    """Write the tiny book, each (old, new) text replaced, into a directory of its own; returns the directory."""

    def write(*changes: tuple[str, str], name: str = "book") -> Path:
        text = TINY
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        directory = tmp_path / name
        directory.mkdir()
        (directory / "aws.toml").write_text(text, encoding="utf-8")
        return directory

    return write


@pytest.fixture(scope="session")
def book() -> PriceBook:
    return load_book()
