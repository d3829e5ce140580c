"""Names are valid, as long as allowed, and different for different things."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin2multicloud.deployer.names import Names, fit, new_uid
from twin2multicloud.model.errors import UsageError

_TWINS = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-_ ", min_size=1, max_size=24)
_THINGS = st.from_regex(r"[a-z][a-z0-9-]{0,30}[a-z0-9]", fullmatch=True)


@given(_TWINS, _THINGS, st.integers(12, 80), st.integers(1, 12))
def test_dashed_names_fit_and_begin_with_a_letter(twin: str, thing: str, most: int, generation: int) -> None:
    name = Names(twin, "k3x9f").dashed(thing, most, generation)
    assert len(name) <= most
    assert re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]", name)


@given(_TWINS, _THINGS, st.integers(14, 30), st.integers(1, 12))
def test_plain_names_have_letters_and_digits_only(twin: str, thing: str, most: int, generation: int) -> None:
    name = Names(twin, "k3x9f").plain(thing, most, generation)
    assert len(name) <= most
    assert re.fullmatch(r"[a-z0-9]+", name)


@given(_TWINS, st.lists(_THINGS, min_size=2, max_size=12, unique=True), st.integers(16, 80))
def test_different_things_have_different_names_however_short(twin: str, things: list[str], most: int) -> None:
    names = Names(twin, "k3x9f")
    # Two runs of dashes are one to a cloud, so that only things that differ otherwise count.
    distinct = {re.sub("-+", "-", thing).strip("-") for thing in things}
    assert len({names.dashed(thing, most) for thing in distinct}) == len(distinct)


def test_a_twin_whose_name_begins_like_another_owns_none_of_its_names() -> None:
    assert not Names("dt-prod", "k3x9f").dashed("hot", 60).startswith(Names("dt", "abcde").stem)


def test_a_moved_slot_has_names_of_its_own() -> None:
    names = Names("building", "k3x9f")
    assert names.dashed("hot", 60, 1) == "building-k3x9f-hot"
    assert names.dashed("hot", 60, 2) == "building-k3x9f-hot-2"


@given(st.text("abc-", min_size=8, max_size=60), st.integers(8, 20))
def test_a_name_that_fits_is_left_alone(name: str, most: int) -> None:
    fitted = fit(name, most, "-")
    assert (fitted == name) == (len(name) <= most)


def test_uids_avoid_what_looks_alike_and_begin_with_a_letter() -> None:
    drawn = {new_uid() for _ in range(200)}
    assert len(drawn) > 150
    assert all(re.fullmatch(r"[a-km-z][a-km-z2-9]{4}", uid) and "o" not in uid for uid in drawn)


def test_a_uid_of_another_form_is_refused() -> None:
    with pytest.raises(UsageError, match="uid 'K3X9F'"):
        Names("building", "K3X9F")
