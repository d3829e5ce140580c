"""Scenarios, offers, `init`, `paper`, `prices`: what there is, and a file to start with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import cached, call
from twin2multicloud import __version__
from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.model.scenarios import SCENARIOS
from twin2multicloud.model.slots import PROVIDERS, SLOTS


def test_scenarios() -> None:
    text = cached("scenarios").out
    listed = cached("scenarios", "--json").json
    assert [item["name"] for item in listed] == [scenario.name for scenario in SCENARIOS]
    for scenario in SCENARIOS:
        assert scenario.name in text
        assert scenario.description in text


def test_offers_lists_all_with_their_regions() -> None:
    listed = cached("offers", "--json").json
    assert {item["id"] for item in listed} == {offer.id for offer in OFFERS}
    slots = [item["slot"] for item in listed]
    assert slots == sorted(slots, key=[slot.value for slot in SLOTS].index)
    assert {item["slot"] for item in listed if item["regions"]} == {slot.value for slot in SLOTS}
    for item in listed:
        assert list(item) == [
            "id",
            "slot",
            "provider",
            "service",
            "variant",
            "summary",
            "features",
            "deployable",
            "regions",
        ]
    text = cached("offers").out
    assert all(offer.id in text for offer in OFFERS)


@pytest.mark.parametrize("slot", [slot.value for slot in SLOTS])
def test_offers_of_a_slot(slot: str) -> None:
    listed = cached("offers", "--slot", slot, "--json").json
    assert listed
    assert {item["slot"] for item in listed} == {slot}


def test_offers_of_a_cloud() -> None:
    for provider in PROVIDERS:
        listed = cached("offers", "--provider", provider.value, "--json").json
        assert {item["provider"] for item in listed} == {provider.value}


def test_offers_in_a_region_say_why_not() -> None:
    listed = cached("offers", "--region", "eu-west-1", "--json").json
    assert {item["provider"] for item in listed} == {"aws"}
    for item in listed:
        assert item["available"] == ("eu-west-1" in item["regions"])
        assert (item["reason"] is None) == item["available"]
    missing = [item for item in listed if not item["available"]]
    assert missing
    assert "no price for" in missing[0]["reason"]
    assert "○ not in eu-west-1: no price for" in cached("offers", "--region", "eu-west-1").out


def test_init_writes_a_file_that_can_be_optimized(here: Path) -> None:
    assert call("init", "a.yaml", "--scenario", "smart-home").code == 0
    ours = call("optimize", "a.yaml", "--model", "edt25", "--json").json
    theirs = cached("optimize", "smart-home", "--model", "edt25", "--json").json
    assert ours["usd_per_month"] == theirs["usd_per_month"]


def test_init_never_overwrites_unasked(here: Path) -> None:
    assert call("init").code == 0
    first = (here / "twin.yaml").read_text()
    refused = call("init", "twin.yaml", "--scenario", "smart-building")
    assert refused.code == 2
    assert "--force" in refused.err
    assert (here / "twin.yaml").read_text() == first
    assert call("init", "twin.yaml", "--scenario", "smart-building", "--force").code == 0
    assert (here / "twin.yaml").read_text() != first


def test_init_elsewhere(here: Path) -> None:
    printed = call("init", "-")
    assert printed.code == 0
    assert printed.out.startswith("# A smart home")
    assert list(here.iterdir()) == []
    assert call("init", "missing/twin.yaml").code == 2
    assert call("init", "twin.json").code == 2
    assert call("init", "twin.yaml", "--scenario", "smart-hom").code == 2


def test_paper() -> None:
    outcome = cached("paper", "--json")
    assert outcome.code == 0
    assert outcome.json["all_ok"] is True
    assert cached("paper").code == 0


def test_prices() -> None:
    shown = cached("prices", "show", "--provider", "aws", "--meter", "egress", "--json").json
    assert shown["figures"]
    worked = cached("prices", "explain", "aws.egress.internet", "--region", "us-east-1", "--quantity", "51200")
    assert "$4,394.20" in worked.out
    assert cached("prices", "validate").code == 0
    assert "No price differs" in cached("prices", "diff", "bundled", "bundled").out


def test_version() -> None:
    assert cached("--version").out.strip() == f"twin2multicloud {__version__}"


@pytest.mark.parametrize(
    "command",
    [
        "optimize",
        "scenarios",
        "offers",
        "init",
        "check",
        "paper",
        "prices show",
        "prices explain",
        "prices validate",
        "prices diff",
    ],
)
def test_help_has_examples(command: str) -> None:
    outcome = cached(*command.split(), "--help")
    assert outcome.code == 0
    assert f"twin2multicloud {command}" in outcome.out.split("Examples:")[1]
    assert outcome.out == cached(*command.split(), "-h").out


def test_help_documents_the_exit_codes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    for text in (cached("--help").out, cached("optimize", "--help").out):
        for code in ("0", "2", "3", "4", "5", "70"):
            assert f"\n    {code} " in text
            assert f"| {code} |" in page
