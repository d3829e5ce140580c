"""Constraints, their command-line spellings, and placements."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twin2multicloud.model.constraints import Constraints, Pin, Requirement
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.model.geography import COUNTRIES, countries_of
from twin2multicloud.model.options import constraints_from_options
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Provider, Slot


def test_the_default_allows_everything() -> None:
    constraints = Constraints()
    assert constraints.allowed_providers == PROVIDERS
    assert constraints.allows_location(Provider.GCP, "europe-west1", "BE")
    assert constraints.countries is None
    assert constraints_from_options() == constraints
    assert Constraints.model_validate({"max_clouds": 2.0}).max_clouds == 2


def test_the_command_lines_spellings() -> None:
    constraints = constraints_from_options(
        providers=["aws,GCP"],
        regions=["aws=eu-central-1,us-east-1", "aws=eu-west-1", "gcp=europe-west1"],
        residency=["eu", "uk"],
        pins=["L3.hot=aws,l4=aws.twinmaker-standard@eu-central-1", "L2=gcp@europe-west1"],
        require=["L1:mqtt", "managed"],
        managed_only=True,
        max_clouds=2,
        egress_policy="eu-data-act",
    )
    assert constraints.model_dump(mode="json") == {
        "providers": ["aws", "gcp"],
        "deny_providers": [],
        "regions": {"aws": ["eu-central-1", "us-east-1", "eu-west-1"], "gcp": ["europe-west1"]},
        "residency": ["EU", "GB"],
        "pins": {"L3.hot": "aws", "L4": "aws.twinmaker-standard@eu-central-1", "L2": "gcp@europe-west1"},
        "require": ["L1:mqtt", "managed"],
        "managed_only": True,
        "deployable_only": False,
        "max_clouds": 2,
        "egress_policy": "eu-data-act",
    }
    assert Constraints.model_validate_json(constraints.model_dump_json()) == constraints


def test_options_refine_a_files_constraints() -> None:
    base = Constraints.model_validate(
        {"regions": {"aws": ["us-east-1"], "gcp": ["us-east4"]}, "pins": {"L1": "aws"}, "require": "L1:mqtt"}
    )
    merged = constraints_from_options(
        base=base, regions=["aws=eu-west-1"], pins=["L1=gcp", "L5=aws"], require=["managed", "L1:mqtt"]
    )
    assert merged.regions == {Provider.AWS: ("eu-west-1",), Provider.GCP: ("us-east4",)}
    assert {slot: str(pin) for slot, pin in merged.pins.items()} == {
        Slot.ACQUISITION: "gcp",
        Slot.VISUALIZATION: "aws",
    }
    assert [str(item) for item in merged.require] == ["L1:mqtt", "managed"]
    assert constraints_from_options(base=base) == base


@pytest.mark.parametrize(
    ("options", "field", "says"),
    [
        ({"providers": ["awss"]}, "--providers", "did you mean 'aws'?"),
        ({"providers": ["ibm"]}, "--providers", "Allowed: aws, azure, gcp"),
        ({"providers": ["aws"], "deny_providers": ["aws"]}, "--providers", "no provider is left"),
        ({"deny_providers": ["x"]}, "--deny", "is not a provider"),
        ({"regions": ["eu-central-1"]}, "--region", "write provider=region"),
        ({"regions": ["aws="]}, "--region", "write provider=region"),
        ({"regions": ["azur=westeurope"]}, "--region", "did you mean 'azure'?"),
        ({"regions": ["aws=Frankfurt!"]}, "--region", "'Frankfurt!' is not a region"),
        ({"residency": ["XX"]}, "--residency", "one of EU, EEA"),
        ({"pins": ["L3.hott=aws"]}, "--pin", "did you mean 'L3.hot'?"),
        ({"pins": ["L3.hot"]}, "--pin", "such as L3.hot=aws"),
        ({"pins": ["L3.hot=ibm"]}, "--pin", "is not a provider"),
        ({"pins": ["L4=aws."]}, "--pin", "is not a pin"),
        ({"pins": ["L4=aws@"]}, "--pin", "is not a pin"),
        ({"pins": ["L4=aws,l4=gcp"]}, "--pin", "pinned twice"),
        ({"require": ["L9:mqtt"]}, "--require", "'L9' is not a slot"),
        ({"require": ["L1:"]}, "--require", "is not a feature"),
        ({"max_clouds": 0}, "--max-clouds", "from 1 to 3"),
        ({"egress_policy": "free"}, "--egress", "'list' or 'eu-data-act'"),
    ],
)
def test_a_bad_option_is_named_with_its_remedy(options: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        constraints_from_options(**options)
    (finding,) = error.value.findings
    assert finding.field == field
    assert says in finding.problem


def test_all_bad_options_are_reported_at_once() -> None:
    with pytest.raises(InvalidInputError) as error:
        constraints_from_options(pins=["L8=aws", "L1=ibm", "L2=aws"], regions=["x"], max_clouds=9)
    assert sorted(finding.field for finding in error.value.findings) == [
        "--max-clouds",
        "--pin",
        "--pin",
        "--region",
    ]


@pytest.mark.parametrize(
    "bad",
    [
        {"providers": []},
        {"residency": []},
        {"residency": [False]},
        {"regions": {"aws": []}},
        {"regions": {"aws": [5]}},
        {"pins": {"L1": "aws", "l1": "gcp"}},
        {"pins": {"L1": ["aws"]}},
        {"pins": {"L1": {"provider": "aws", "offer": "gcp.pubsub"}}},
        {"require": [{"feature": "No Spaces"}]},
        {"managed_only": 1},
        {"max_clouds": True},
        {"max_clouds": 1.5},
        {"max_clouds": "2"},
        {"clouds": 2},
    ],
    ids=str,
)
def test_bad_constraints_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Constraints.model_validate(bad)


def test_locations() -> None:
    constraints = Constraints.model_validate(
        {"deny_providers": "gcp", "regions": {"aws": "eu-central-1"}, "residency": ["EU", "CH"]}
    )
    assert constraints.allows_location(Provider.AWS, "eu-central-1", "DE")
    assert not constraints.allows_location(Provider.AWS, "eu-west-1", "IE")
    assert constraints.allows_location(Provider.AZURE, "switzerlandnorth", "CH")
    assert not constraints.allows_location(Provider.AZURE, "uksouth", "GB")
    assert not constraints.allows_location(Provider.GCP, "europe-west3", "DE")


def test_country_groups() -> None:
    assert len(COUNTRIES) == 249
    assert len(countries_of("EU")) == 27
    assert countries_of("EEA") - countries_of("EU") == {"IS", "LI", "NO"}
    assert countries_of("EEA") <= COUNTRIES
    assert countries_of("US") == {"US"}


@pytest.mark.parametrize(
    ("pin", "admitted"),
    [
        ("aws", {"a1", "a2", "b1", "b2"}),
        ("aws@one", {"a1", "b1"}),
        ("aws.a", {"a1", "a2"}),
        ("AWS.A@ONE", {"a1"}),
        ("gcp", set()),
    ],
)
def test_what_a_pin_admits(pin: str, admitted: set[str]) -> None:
    wanted = Pin.model_validate(pin)
    regions = {"1": "one", "2": "two"}
    found = {
        offer + number
        for offer in "ab"
        for number, region in regions.items()
        if wanted.admits(Provider.AWS, f"aws.{offer}", region)
    }
    assert found == admitted
    assert str(wanted) == pin.lower()


def test_a_requirement_reads_and_writes_its_text() -> None:
    assert Requirement.model_validate("l3.hot:TTL") == Requirement(feature="ttl", slot=Slot.HOT)
    assert str(Requirement.model_validate("3d-scenes")) == "3d-scenes"


choices = st.builds(
    lambda provider, offer, region: {"provider": provider, "offer": f"{provider}.{offer}", "region": region},
    st.sampled_from([provider.value for provider in PROVIDERS]),
    st.sampled_from(["one", "two"]),
    st.sampled_from(["eu-central-1", "westeurope"]),
)


@given(st.tuples(*[choices] * 7), st.permutations(SLOTS))
@settings(deadline=None)
def test_a_placement_survives_json_in_any_order_of_slots(found: tuple[Any, ...], order: list[Slot]) -> None:
    raw = {slot.value: choice for slot, choice in zip(SLOTS, found, strict=True)}
    placement = Placement.model_validate({slot.value: raw[slot.value] for slot in order})
    assert placement.model_dump(mode="json") == raw
    assert list(placement.model_dump(mode="json")) == [slot.value for slot in SLOTS]
    again = Placement.model_validate_json(placement.model_dump_json())
    assert again == placement
    assert hash(again) == hash(placement)
    assert {provider.value for provider in placement.providers} == {choice["provider"] for choice in found}


def placed() -> Placement:
    choice = SlotChoice(provider=Provider.AWS, offer="aws.x", region="us-east-1")
    return Placement(dict.fromkeys(SLOTS, choice))


def test_a_placement_with_another_choice_leaves_the_first_alone() -> None:
    first = placed()
    second = first.with_choice(Slot.HOT, SlotChoice(provider=Provider.GCP, offer="gcp.y", region="us-east4"))
    assert second.providers == (Provider.AWS, Provider.GCP)
    assert str(second[Slot.HOT]) == "gcp.y@us-east4"
    assert first.providers == (Provider.AWS,)
    assert [slot for slot, _ in second.items()] == list(SLOTS)


@pytest.mark.parametrize(
    "change",
    [
        {"L3.hot": None},
        {"L3.hot": {"provider": "aws", "offer": "gcp.firestore", "region": "us-east-1"}},
        {"L3.hot": {"provider": "aws", "offer": "dynamodb", "region": "us-east-1"}},
        {"L3.hot": {"provider": "ibm", "offer": "ibm.x", "region": "us-east-1"}},
        {"L3.hot": {"provider": "aws", "offer": "aws.x"}},
        {"L6": {"provider": "aws", "offer": "aws.x", "region": "us-east-1"}},
    ],
    ids=str,
)
def test_bad_placements_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Placement.model_validate(placed().model_dump(mode="json") | change)


def test_a_placement_names_its_missing_slots() -> None:
    raw = placed().model_dump(mode="json")
    del raw["L3.cool"], raw["L5"]
    with pytest.raises(ValidationError, match=r"missing: L3\.cool, L5"):
        Placement.model_validate(raw)
