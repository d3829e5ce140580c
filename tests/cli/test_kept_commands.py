"""The commands that deploy, about a kept twin: the same with a server and without, over a real sandbox."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome
from tests.cli.serving import Place

pytestmark = pytest.mark.slow

OWNER = ("--owner", "ann@example.org")
LOOKING = [
    (("plan", "greenhouse", "--target", "sandbox"), 0),
    (("plan", "greenhouse", "--offline", "--slot", "L3.cool", *OWNER), 0),
    (("deploy", "greenhouse", "--target", "sandbox"), 0),
    (("status", "greenhouse"), 0),
    (("drift", "greenhouse", "--json"), 0),
    (("move", "greenhouse", "--slot", "L3.hot", "--to", "gcp", "--dry-run"), 0),
    (("prove", "greenhouse"), 2),
    (("destroy", "greenhouse"), 8),
    (("runs", "decline", "greenhouse"), 0),
    (("errors", "greenhouse"), 0),
]


def told(outcome: Outcome) -> tuple[str, str]:
    """What was said, without what differs from one run, moment or sandbox to the next."""
    text = [outcome.out, outcome.err]
    for pattern in (
        r"run_[0-9a-z]+",
        r"\bgreenhouse/\d+",
        r"\brun \d+",
        r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?",
        r"[\d.]+ (ms|s|min|kB|B|MB|items)\b",
        r"(?<=  )\d+(?=   )",
        r"in \d+ s",
    ):
        text = [re.sub(pattern, "…", each) for each in text]
    return re.sub(r" +", " ", text[0]), re.sub(r" +", " ", text[1])


def test_a_kept_twins_life_is_the_same_with_a_server_and_without(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.done("twins", "create", place.twin)
    place.done("twins", "optimize", "greenhouse", "--providers", "aws,azure", "--take")
    made = place.done("deploy", "greenhouse", "--target", "sandbox", "--yes", "--brief")
    try:
        assert "L3.hot" in made.out
        assert "a month predicted for the whole twin" in made.out
        without = [place(*arguments) for arguments, _ in LOOKING]
        with place.served() as url:
            key = {"T2M_API_KEY": place.key}
            served = [place(*arguments, "--server", url, env=key) for arguments, _ in LOOKING]
            by_environment = place("status", "greenhouse", env={"T2M_SERVER": url, **key})
        for (arguments, code), first, second in zip(LOOKING, without, served, strict=True):
            assert (first.code, second.code) == (code, code), (arguments, first.err, second.err)
            assert told(first) == told(second), arguments
        assert told(by_environment) == told(served[3])
        assert "in its sandbox · deployed" in served[3].out
        place.done("runs", "start", "verify", "greenhouse")  # whose message is kept
        refused = place("destroy", "greenhouse", "--yes")
        assert (refused.code, "stores hold data (L3.hot: 1 record)" in refused.err) == (8, True), refused.err
    finally:
        gone = place.done("destroy", "greenhouse", "--discard-data", "--yes", "--json").json
    assert (gone["done"], gone["deleted"]) == (True, True)
    assert "nothing of 'greenhouse' is deployed" in place.done("status", "greenhouse").err


def test_a_rehearsed_twin_is_proven_and_looked_at(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.done("twins", "create", "smart-home")
    place.done("twins", "optimize", "smart-home", "--providers", "aws", "--take")
    made = place("deploy", "smart-home", "--offline", "--slot", "L3.cool", *OWNER, "--yes", "--json")
    assert made.json["stacks"]["L3-cool"]["status"] == "done", made.err
    assert "is a kept twin here; --dir" in made.err
    shown = place("status", "smart-home", "--json")
    [stack] = [each for each in shown.json["targets"]["rehearsal"]["stacks"] if each["slot"]]
    assert (stack["whole"], stack["resources"] > 0) == (True, True)
    assert place("status", "smart-home").out.startswith("smart-home · rehearsed · partial")
    proof = place("prove", "smart-home", "--json")
    assert proof.code == 6
    assert {"L1", "L2"} <= {finding["stack"] for finding in proof.json if finding["rule"] == "stacks"}
    assert "→" in place("prove", "smart-home").out
