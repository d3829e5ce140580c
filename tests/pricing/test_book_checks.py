from __future__ import annotations

from pathlib import Path

import pytest

from tests.pricing.conftest import WriteBook
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.optimizer.pricing.book import load_book, validate_book

CALLS = "usd = [[0, 0], [1000000, 0.20]], per = 1000000,"
MEMORY_FIGURE = '{ meter = "memory", in = "here", usd = 0.5, source = "S", on = "2026-01-01", confidence = "A" },'


def test_the_tiny_book_is_sound(write_book: WriteBook) -> None:
    book = load_book(write_book())
    assert book.meter("aws.fn.calls").unit == "calls"


@pytest.mark.parametrize(
    ("old", "new", "place", "problem"),
    [
        (CALLS, "usd = [[0, 0.1], [10, 0.2]],", "figures[0].usd", "rises from 0.1 to 0.2"),
        (CALLS, "usd = [[0, 0], [10, 0.1], [20, 0.2]],", "figures[0].usd", "rises from 0.1 to 0.2 at 20"),
        (CALLS, "usd = [[5, 0.1]],", "figures[0].usd", "must start at 0"),
        (CALLS, "usd = [[0, 0.3], [20, 0.2], [20, 0.1]],", "figures[0].usd", "must ascend"),
        (CALLS, "usd = [[0, 0.3], [20, 0.2], [10, 0.1]],", "figures[0].usd", "10 follows 20"),
        (CALLS, "usd = [[0, nan]],", "figures[0].usd", "finite"),
        (CALLS, "usd = [[0, 1], [inf, 0.5]],", "figures[0].usd", "finite"),
        (CALLS, "usd = -0.1,", "figures[0].usd", "not negative"),
        (CALLS, 'usd = "0.1",', "figures[0].usd", "must be a price"),
        (CALLS, "usd = true,", "figures[0].usd", "must be a price"),
        (CALLS, "usd = [],", "figures[0].usd", "must be a price"),
        (CALLS, "usd = [[0, 1, 2]],", "figures[0].usd", "[start, price]"),
        (CALLS, "", "figures[0].usd", "must be a price"),
        (CALLS, "usd = 1, per = 0,", "figures[0].per", "above 0"),
        (CALLS, "usd = 1, increment = -1,", "figures[0].increment", "above 0"),
        (CALLS, CALLS + " minimun = 3,", "figures[0].minimun", "did you mean 'minimum'"),
        (CALLS, CALLS + ' policy = "eu-dataact",', "figures[0].policy", "did you mean 'eu-data-act'"),
        ('size = "GB", scope = "zone"', 'size = "GiB", scope = "planet"', "meters[1].scope", "one of account"),
        ('unit = "GB", size', 'unit = "GiB", size', "aws.fn.memory.unit", "unit says GiB but size is GB"),
        ('measure = "bytes"', 'measure = "count"', "aws.fn.memory.size", "does not fit measure count"),
        ('measure = "count"', 'measure = "counts"', "meters[0].measure", "did you mean 'count'"),
        ('unit = "calls", scope', 'unit = "calls", chunk = 0, scope', "meters[0].chunk", "above 0"),
        ('unit = "GB", size', 'unit = "GB", chunk = 5, size', "aws.fn.memory.chunk", "counts items"),
        ('unit = "calls", scope', 'unit = "calls", item_min = 5, scope', "aws.fn.calls.item_min", "of bytes"),
        ('C = "C_E", kind = "per-use", measure = "count"', 'C = "C_X", kind = "per-use", measure = "count"',
         "meters[0].C", "one of C_M"),
        (MEMORY_FIGURE, MEMORY_FIGURE.replace('source = "S", ', ""), "figures[1].source", "missing"),
        (MEMORY_FIGURE, MEMORY_FIGURE.replace('"S"', '"T"'), "figures[1].source", "unknown source 'T'"),
        (MEMORY_FIGURE, MEMORY_FIGURE.replace("2026-01-01", "01.01.2026"), "figures[1].on", "ISO date"),
        (MEMORY_FIGURE, MEMORY_FIGURE.replace('"A"', '"E"'), "figures[1].confidence", "one of A, B, C, D"),
        (MEMORY_FIGURE, MEMORY_FIGURE.replace('"A"', '"D"'), "figures[1].note", "needs a note"),
        (MEMORY_FIGURE, MEMORY_FIGURE.replace('"here"', '"hear"'), "figures[1].in", "did you mean 'here'"),
        (MEMORY_FIGURE, MEMORY_FIGURE.replace('"here"', "[]"), "figures[1].in", "at least one region"),
        (MEMORY_FIGURE, MEMORY_FIGURE.replace('"memory"', '"memroy"'), "figures[1].meter", "did you mean 'memory'"),
        (MEMORY_FIGURE, MEMORY_FIGURE + "\n" + MEMORY_FIGURE, "figures[2].in", "already priced"),
        (MEMORY_FIGURE, MEMORY_FIGURE.replace('"here"', '["here", "zone:eu"]').replace("0.5", "[[0, nan]]"),
         "figures[1].usd", "finite"),
        (MEMORY_FIGURE, "", "aws.fn.memory", "no figure in any region"),
        ('country = "DE", ', "", "regions.here.country", "missing"),
        ('provider = "aws"', 'provider = "asw"', "provider", "did you mean 'aws'"),
        ('version = "t1"', 'versoin = "t1"', "versoin", "did you mean 'version'"),
        ('date = "2026-01-02"', "date = 2026-01-02", "date", "not a text"),
        ("[transit]\nsize", "[transit]\nsise", "transit.sise", "did you mean 'size'"),
        ('to = "*", usd = 0.02', 'to = "*", usd = nan', "transit.rows[0].usd", "finite"),
        ("[services.fn]", "[services]\nfn = 3\n[services.fm]", "services.fn", "must be a table"),
    ],
)  # fmt: skip
def test_every_fault_is_named_with_its_place(
    write_book: WriteBook, old: str, new: str, place: str, problem: str
) -> None:
    directory = write_book((old, new))
    findings = validate_book(directory)
    assert any(place in f.field and problem in f.problem for f in findings), [str(f) for f in findings]
    assert all(f.field.startswith("aws.toml:") for f in findings)
    with pytest.raises(InvalidInputError) as caught:
        load_book(directory)
    assert caught.value.exit_code == 4
    assert str(directory) in str(caught.value)


def test_the_documented_example_is_a_sound_book(tmp_path: Path) -> None:
    guide = Path(__file__).parents[2] / "docs" / "pricing.md"
    example = guide.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    (tmp_path / "aws.toml").write_text(example, encoding="utf-8")
    assert validate_book(tmp_path) == []


def test_a_rising_price_may_be_stated_as_real(write_book: WriteBook) -> None:
    directory = write_book((CALLS, 'usd = [[0, 0.1], [10, 0.2]], rising = "surcharge for heavy use",'))
    assert validate_book(directory) == []


def test_a_pool_has_one_unit(write_book: WriteBook) -> None:
    extra = '  { id = "m2", counts = "x", C = "C_E", kind = "per-use", measure = "bytes", unit = "GiB", size = "GiB", '
    directory = write_book(
        ('size = "GB", scope = "zone", pool = "p" },', f'size = "GB", scope = "zone", pool = "p" }},\n{extra}'
         'scope = "zone", pool = "p" },'),
        (MEMORY_FIGURE, MEMORY_FIGURE + MEMORY_FIGURE.replace('"memory"', '"m2"')),
    )  # fmt: skip
    (finding,) = validate_book(directory)
    assert "pool 'p' mixes aws.fn.memory (GB bytes" in finding.problem


def test_all_faults_are_reported_at_once(write_book: WriteBook) -> None:
    directory = write_book((CALLS, "usd = -1,"), (MEMORY_FIGURE, MEMORY_FIGURE.replace('"here"', '"hear"')))
    text = "\n".join(str(finding) for finding in validate_book(directory))
    assert "hear" in text
    directory = write_book((CALLS, "usd = -1, per = nan,"), ('"C_E", kind = "per-use", measure = "bytes"',
                           '"C_Q", kind = "per-use", measure = "bytes"'), name="second")  # fmt: skip
    assert len(validate_book(directory)) >= 2


def test_a_missing_row_and_a_price_contradict(write_book: WriteBook) -> None:
    missing = 'missing = [{ meter = "memory", in = "here", why = "unknown" }]\n\n[transit]'
    findings = validate_book(write_book(("\n[transit]", missing)))
    assert any("also listed as missing" in finding.problem for finding in findings)


def test_a_stated_reason_is_given_for_a_missing_price(write_book: WriteBook) -> None:
    missing = 'missing = [{ meter = "memory", in = "there", why = "not sold there" }]\n\n[transit]'
    book = load_book(write_book(("\n[transit]", missing)))
    assert "not sold there" in str(book.figure("aws.fn.memory", "there"))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a = [", b"a = 1\na = 2", b"[" * 100_000])
def test_unreadable_files_are_faults(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "aws.toml").write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"aws\.toml"):
        load_book(tmp_path)


def test_a_directory_without_a_book(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "absent"):
        with pytest.raises(InvalidInputError, match="holds no price book"):
            load_book(directory)


def test_two_files_of_one_provider_are_refused(write_book: WriteBook) -> None:
    directory = write_book()
    (directory / "more.toml").write_text((directory / "aws.toml").read_text(encoding="utf-8"), encoding="utf-8")
    text = "\n".join(str(finding) for finding in validate_book(directory))
    assert "same provider" in text
    assert "region 'here' is also in aws.toml" in text
