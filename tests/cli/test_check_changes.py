"""`check --against` and `--policy`: what a change of a twin costs, what its reviewers read, and what makes it fail."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import cached, call
from tests.cli.serving import Place
from twin2multicloud.optimizer.pricing.book import book_texts


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=ann", "-c", "user.email=ann@example.org")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def history(here: Path) -> Path:
    """A repository with a twin of two revisions, the second of which sends far more and is not committed."""
    git("init", "-q", "-b", "main", ".")
    (here / "sub").mkdir()
    assert call("init", "sub/twin.yaml").code == 0
    git("add", "-A")
    git("commit", "-q", "-m", "a twin")
    change(here / "sub/twin.yaml", "message_interval_s: 120", "message_interval_s: 5")
    return here


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def compared(*arguments: str) -> Any:
    outcome = call("check", "sub/twin.yaml", *arguments, "--json")
    assert outcome.code in (0, 9), outcome.out
    return outcome.json


def test_a_change_is_told_line_by_line_and_adds_up(history: Path) -> None:
    found = compared("--against", "main:sub/twin.yaml")
    before = call("optimize", "sub/twin.yaml", "--deployable-only", "--json").json["usd_per_month"]
    assert found["after"]["usd_per_month"] == pytest.approx(before)
    assert found["before"]["usd_per_month"] < found["after"]["usd_per_month"]
    change_usd = found["after"]["usd_per_month"] - found["before"]["usd_per_month"]
    assert found["change_usd"] == pytest.approx(change_usd)
    assert found["change_pct"] == pytest.approx(100 * change_usd / found["before"]["usd_per_month"])
    shown = sum(line["change_usd"] for line in found["lines"])
    assert shown == pytest.approx(change_usd, abs=0.005 * found["unchanged"]["lines"])
    after = sum(line["after"]["usd"] for line in found["lines"]) + found["unchanged"]["usd_per_month"]
    assert after == pytest.approx(found["after"]["usd_per_month"])
    for line in found["lines"]:
        for side in ("before", "after"):
            if line[side]["quantity"]:
                assert line[side]["usd_per_unit"] * line[side]["quantity"] == pytest.approx(line[side]["usd"])
    assert found["ok"] is True
    assert found["policy"] == []


def test_keeping_the_placement_or_placing_anew(history: Path) -> None:
    anew, kept = (compared("--against", "main:sub/twin.yaml", "--place", each) for each in ("cheapest", "kept"))
    assert anew["kept"] == kept["kept"]
    assert anew["cheapest"] == kept["cheapest"]
    assert kept["after"]["usd_per_month"] == kept["kept"]["usd_per_month"] >= kept["cheapest"]["usd_per_month"]
    assert kept["moved"] == []
    assert kept["after"]["placement"] == kept["before"]["placement"]
    differ = [
        slot for slot, choice in anew["before"]["placement"].items() if anew["after"]["placement"][slot] != choice
    ]
    assert anew["moved"] == differ != []


def test_a_placement_that_cannot_be_kept_says_why(history: Path) -> None:
    before = compared("--against", "main:sub/twin.yaml")["before"]["placement"]
    denied = before["L1"]["provider"]
    with Path("sub/twin.yaml").open("a") as file:
        file.write(f"\nconstraints: {{deny_providers: [{denied}]}}\n")
    found = compared("--against", "main:sub/twin.yaml", "--place", "kept")
    assert found["kept"] is None
    assert "providers" in found["kept_problem"]
    assert found["after"]["placing"] == "cheapest"
    assert denied not in {choice["provider"] for choice in found["after"]["placement"].values()}
    text = call("check", "sub/twin.yaml", "--against", "main:sub/twin.yaml").out
    assert "The placement before cannot be kept" in text


def test_nothing_changed_is_one_line(history: Path) -> None:
    git("commit", "-q", "-a", "-m", "more")
    found = compared("--against", "HEAD:sub/twin.yaml")
    assert (found["change_usd"], found["lines"], found["moved"]) == (0, [], [])
    text = call("check", "sub/twin.yaml", "--against", "HEAD:sub/twin.yaml").out
    assert "per month, as before" in text
    assert f"{found['unchanged']['lines']} lines" in text


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_people_read_the_same_figures(history: Path, form: str) -> None:
    found = compared("--against", "main:sub/twin.yaml")
    text = call("check", "sub/twin.yaml", "--against", "main:sub/twin.yaml", "--format", form).out
    for key in ("before", "after"):
        assert f"${found[key]['usd_per_month']:,.2f}" in text
    assert f"+{found['change_pct']:.1f} %" in text
    for slot in found["moved"]:
        assert slot in text
    if form == "markdown":
        assert text.startswith("<!-- twin2multicloud check smart-home -->\n")
        table = text[text.index("| meter |") :].split("\n\n")[0].splitlines()[2:]
        assert len(table) == len(found["lines"])
        assert {row.count(" | ") for row in table} == {5}


def test_a_policy_fails_by_exit_code_and_names_rule_value_and_limit(history: Path) -> None:
    rules = "max_usd_per_month: 20\nmax_increase_pct: 10\nallowed_providers: [aws]\nallowed_regions: [us-east-1]\n"
    Path("sub/policy.yaml").write_text(rules)
    outcome = call("check", "sub/twin.yaml", "--against", "main:sub/twin.yaml")
    assert outcome.code == 9
    found = compared("--against", "main:sub/twin.yaml")
    usd = found["after"]["usd_per_month"]
    assert f"✗ max_usd_per_month: ${usd:,.2f}, at most $20.00" in outcome.out
    assert f"✗ max_increase_pct: +{found['change_pct']:.1f} %, at most +10.0 %" in outcome.out
    assert "✗ allowed_providers: azure, gcp are not among aws" in outcome.out
    assert re.search(r"✗ allowed_regions: .* (is|are) not among us-east-1", outcome.out)
    assert {each["rule"]: each["ok"] for each in found["policy"]} == dict.fromkeys(
        ("max_usd_per_month", "max_increase_pct", "allowed_providers", "allowed_regions"), False
    )
    assert found["ok"] is False


def test_a_policy_that_is_kept(history: Path) -> None:
    Path("elsewhere.toml").write_text("max_usd_per_month = 1000\nmax_increase_pct = 1000\n")
    outcome = call("check", "sub/twin.yaml", "--against", "main:sub/twin.yaml", "--policy", "elsewhere.toml")
    assert (outcome.code, outcome.out.count("✓")) == (0, 2)
    alone = call("check", "sub/twin.yaml", "--policy", "elsewhere.toml")
    assert (alone.code, alone.out.count("✓")) == (0, 1)
    assert "– max_increase_pct: there is no revision before to compare with" in alone.out


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("max_usd_per_mont: 3\n", "did you mean 'max_usd_per_month'?"),
        ("max_usd_per_month: lots\n", "max_usd_per_month: lots is text, not a number"),
        ("allowed_regions: [eu-centrall-1]\n", "did you mean 'eu-central-1'?"),
        ("allowed_providers: []\n", "allowed_providers"),
        ("{}\n", "has no rule"),
        ("- a\n", "is a list, not a mapping"),
    ],
)
def test_a_policy_that_is_not_sound_is_refused(history: Path, rules: str, said: str) -> None:
    Path("sub/policy.yaml").write_text(rules)
    outcome = call("check", "sub/twin.yaml", "--against", "main:sub/twin.yaml")
    assert (outcome.code, said in outcome.err) == (4, True), outcome.err


@pytest.mark.parametrize(
    ("against", "code", "said"),
    [
        ("nowhere:sub/twin.yaml", 2, "git has no such file"),
        ("main:twin.yaml", 2, "git has no such file"),
        ("--output=x:sub/twin.yaml", 2, "write REV:path"),
        (":sub/twin.yaml", 2, "write REV:path"),
        ("absent.yaml", 4, "no such file"),
        ("smart-hom", 2, "did you mean 'smart-home'?"),
    ],
)
def test_a_revision_that_is_not_there(history: Path, against: str, code: int, said: str) -> None:
    outcome = call("check", "sub/twin.yaml", f"--against={against}")
    assert (outcome.code, said in outcome.err) == (code, True), outcome.err


def test_options_that_say_nothing_alone_are_refused(here: Path) -> None:
    assert call("check", "smart-home", "--place", "kept").code == 2
    assert call("check", "smart-home", "--format", "markdown").code == 2
    assert call("check", "smart-home", "--format", "json").json == cached("check", "smart-home", "--json").json


def test_what_has_no_price_is_an_error_and_no_saving(history: Path) -> None:
    """The revision before is priced, too: a meter without a price must not look as if it were free."""
    book = Path("book")
    book.mkdir()
    for name, text in book_texts().items():
        (book / name).write_text(text)
    pinned = "\nconstraints: {pins: {L3.hot: aws.dynamodb-on-demand@eu-central-1}}\n"
    with Path("sub/twin.yaml").open("a") as file:
        file.write(pinned)
    git("commit", "-q", "-a", "-m", "pinned")
    fine = call("check", "sub/twin.yaml", "--against", "HEAD:sub/twin.yaml", "--prices", "book")
    assert fine.code == 0, fine.err
    text = (book / "aws.toml").read_text()
    price = re.search(r'\n  \{ meter = "write-units", in = "eu-central-1".*', text)
    assert price is not None
    (book / "aws.toml").write_text(text.replace(price[0], ""))
    change(Path("sub/twin.yaml"), pinned, "")
    outcome = call("check", "sub/twin.yaml", "--against", "HEAD:sub/twin.yaml", "--prices", "book")
    assert (outcome.code, "no figure for aws.dynamodb.write-units" in outcome.err) == (5, True), outcome.err


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.done("twins", "create", place.twin)
    place.done("twins", "optimize", "greenhouse", "--providers", "aws,azure", "--take")
    place.done("deploy", "greenhouse", "--target", "sandbox", "--yes", "--brief")
    yield place
    place.done("destroy", "greenhouse", "--discard-data", "--yes", "--json")


@pytest.mark.slow
def test_a_change_against_what_is_deployed_keeps_where_it_is(deployed: Place, tmp_path: Path) -> None:
    place = deployed
    file = Path(place.twin)
    text = file.read_text()
    there = place.done("twins", "show", "greenhouse", "--json").json["current"]["placement"]
    changed = tmp_path / "changed.yaml"
    changed.write_text(re.sub(r"message_interval_s: [\d.]+", "message_interval_s: 1", text))
    found = place.done("check", str(changed), "--against", "deployed", "--json").json
    assert found["before"]["placement"] == found["after"]["placement"] == there
    assert found["after"]["placing"] == "kept"
    assert found["change_usd"] > 0
    assert "greenhouse version 2 in a sandbox" in found["revisions"]["before"]
    # After a move the slot is where it was moved to.
    place.done("move", "greenhouse", "--slot", "L3.cool", "--to", "gcp", "--yes", "--json")
    moved = place.done("check", str(changed), "--against", "deployed:greenhouse", "--json").json
    assert moved["before"]["placement"]["L3.cool"]["provider"] == "gcp"
    with place.served() as url:
        served = place(
            "check", str(changed), "--against", "deployed", "--server", url, "--json", env={"T2M_API_KEY": place.key}
        )
        assert served.json["before"] == moved["before"]
    nobody = tmp_path / "nobody.yaml"
    nobody.write_text(text.replace("name: greenhouse", "name: orchard"))
    assert "there is no twin 'orchard'" in place("check", str(nobody), "--against", "deployed").err
