"""What the screen of a proposal knows by itself: its address, the picture's geometry, bills, and questions."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.app.backends import Person
from twin2multicloud.app.schemas.placements import Standing
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.proposal import sweep
from twin2multicloud.app.ui.proposal.layout import ARROWS, BOX_HEIGHT_PX, layout
from twin2multicloud.app.ui.proposal.lines import chosen, lines_of, owners_of, usd_by_cloud
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.model.slots import SLOTS


@given(
    st.builds(
        Look,
        twin=st.just("twn_1"),
        tab=st.sampled_from(("bill", "ranking", "what-if", "break-even", "uncertainty", "prices", "proof")),
        slot=st.sampled_from([slot.value for slot in SLOTS]),
        offer=st.sampled_from(("", "aws.iot-core@eu-central-1")),
        anew=st.booleans(),
        rank=st.integers(0, 20),
        drop=st.sampled_from(("", "L3.hot")),
        proposal=st.sampled_from(("", "opt_1")),
        cloud=st.sampled_from(("", "aws")),
        of=st.sampled_from(("", "L2→L4")),
        factors=st.text(max_size=20).map(str.strip),
        at=st.sampled_from(("", ",".join(f"aws.offer-{number}@eu-central-1" for number in range(len(SLOTS))))),
        vary=st.sampled_from(("", "devices=20%;viewers=1..20..100")),
        samples=st.sampled_from(("", "1000")),
        between=st.sampled_from(("", "1..9")),
    )
)
def test_an_address_says_how_it_is_looked_at(look: Look) -> None:
    assert Look.read("twn_1", Place.of(look.path).query) == look


@pytest.mark.parametrize(
    "query",
    [
        {"tab": "no"},
        {"slot": "L9"},
        {"offer": "aws.iot-core"},
        {"rank": "-1"},
        {"rank": "²"},
        {"cloud": "ibm"},
        {"at": "a@b"},
    ],
)
def test_an_address_that_makes_no_sense_is_an_ordinary_look(query: dict[str, str]) -> None:
    assert Look.read("twn_1", query) == Look("twn_1")


def test_one_thing_is_considered_at_a_time() -> None:
    look = Look("twn_1", tab="ranking", cloud="aws").trying("L1", "aws.iot-core@eu-central-1", anew=True)
    for other in (
        look.ranked(3),
        look.dropping("L5"),
        look.of_proposal("opt_1"),
        look.of_placement("a@b"),
        look.selecting("L2"),
    ):
        assert (other.offer, other.anew, other.tab, other.cloud) == ("", False, "ranking", "aws")
    assert look.considers
    assert not look.plain.considers


@pytest.mark.parametrize("width", [460, 520, 700, 724, 760, 900, 1_400])
def test_the_picture_fits_and_nothing_lies_on_anything(width: int) -> None:
    laid = layout(width)
    assert laid is not None
    assert laid.width <= width
    places = [laid.place(cell) for cell in (*laid.cells.values(), laid.free)]
    for a, b in combinations(places, 2):
        apart = abs(a.left - b.left) >= a.width or abs(a.top - b.top) >= BOX_HEIGHT_PX
        assert apart, (a, b)


@pytest.mark.parametrize("width", [460, 724, 1_400])
def test_arrows_run_straight_from_one_box_to_the_next(width: int) -> None:
    laid = layout(width)
    assert laid is not None
    for arrow in ARROWS:
        wire = laid.wire(arrow, paired=arrow.id in ("telemetry", "commands"))
        assert wire.start[0] == wire.end[0] or wire.start[1] == wire.end[1], arrow
        for point, slot in ((wire.start, arrow.source), (wire.end, arrow.target)):
            box = laid.box_of(slot)
            assert box.left - 0.01 <= point[0] <= box.left + box.width + 0.01, arrow
            assert box.top - 0.01 <= point[1] <= box.top + BOX_HEIGHT_PX + 0.01, arrow
        left, _, wide = wire.label
        assert left >= -0.01, arrow
        assert left + wide <= laid.width + 0.01, arrow


def test_on_a_phone_there_is_a_list() -> None:
    assert layout(300) is None


def standing_of(person: Person) -> Standing:
    return Standing.model_validate(person.get(f"twins/{person.create_twin()['id']}/standing"))


def test_parts_of_a_bill_add_up(person: Person) -> None:
    proposal = standing_of(person).proposal
    assert proposal is not None
    lines = lines_of(proposal.bill or [])
    total = sum(line.usd for line in lines)
    assert total + (proposal.transit_usd or 0.0) == pytest.approx(proposal.usd_per_month)
    assert sum(line.usd_of(owner) for owner in owners_of(lines) for line in lines) == pytest.approx(total)
    assert sum(usd_by_cloud(lines).values()) == pytest.approx(total)
    for slot, usd in (proposal.slot_usd or {}).items():
        assert sum(line.usd_of(slot) for line in chosen(lines, "", slot)) == pytest.approx(usd)


def test_what_is_asked_is_what_the_proposal_answers(person: Person) -> None:
    proposal = standing_of(person).proposal
    assert proposal is not None
    answer: Any = person.post("optimize", {**sweep.question(proposal), "alternatives": False})
    assert answer["usd_per_month"] == pytest.approx(proposal.usd_per_month)
    assert answer["constraints"] == proposal.constraints
    assert answer["assumptions"] == proposal.assumptions


def test_twice_the_messages_is_half_the_interval(person: Person) -> None:
    proposal = standing_of(person).proposal
    assert proposal is not None
    subject = sweep.subjects()["messages"]
    asked = sweep.sweep(proposal, subject, [0.5, 2.0])
    assert (asked.fields, asked.factors) == (["message_interval_s"], [2.0, 0.5])


def test_everything_that_can_be_counted_can_be_asked_about(person: Person) -> None:
    proposal = standing_of(person).proposal
    assert proposal is not None
    asked = {name for subject in sweep.subjects().values() for name in subject.fields}
    assert asked == set(proposal.workload or {})


@pytest.mark.parametrize(
    ("text", "factors"),
    [("", sweep.USUAL), ("2, 1, 2", (1, 2)), ("×0.5; 10", (0.5, 10))],
)
def test_factors_are_read(text: str, factors: tuple[float, ...]) -> None:
    found, problem = sweep.factors_of(text)
    assert (tuple(found), problem) == (factors, None)


@pytest.mark.parametrize("text", ["two", "0", "-1", "1e9", "nan", "1,,2", ",".join(str(n) for n in range(1, 99))])
def test_factors_that_are_none_say_why(text: str) -> None:
    found, problem = sweep.factors_of(text)
    assert problem
    assert found == sweep.USUAL


@pytest.mark.parametrize(
    ("usd", "said"),
    [
        (None, figures.NONE),
        (0.0, "free"),
        (0.0000002, "$0.20 per million"),
        (0.000015, "$0.015 per 1,000"),
        (0.25, "$0.25"),
        (2500.0, "$2500.00"),
        (1e-13, "$0.0001 per billion"),
    ],
)
def test_prices_of_a_unit_can_be_read(usd: float | None, said: str) -> None:
    assert figures.unit_price(usd) == said


def test_prices_beside_each_other_are_for_as_many_units() -> None:
    assert figures.unit_price(0.000015, 0.000008) == "$15.00 per million"
    assert figures.unit_price(0.000008, 0.000015) == "$8.00 per million"
    assert figures.unit_price(0.25, 0.0) == "$0.25"


@pytest.mark.parametrize(
    ("gb", "said"),
    [
        (0.0, "0 GB"),
        (0.004, "< 0.01 GB"),
        (0.0642, "0.064 GB"),
        (12.34, "12.3 GB"),
        (5_420.0, "5.42 TB"),
        (2e7, "20,000 TB"),
    ],
)
def test_traffic_can_be_read(gb: float, said: str) -> None:
    assert figures.volume(gb) == said
