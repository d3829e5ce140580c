"""What every store of rule states must do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.base import Contract, at, unique
from twin2multicloud.runtime.ports import RuleState, RuleStates

Key = tuple[str, str]


class RuleStatesContract(Contract):
    """Subclass and supply `open_states`."""

    @pytest.fixture
    def open_states(self) -> Callable[[], RuleStates]:
        """Opens the store under test; each call as a further process would."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def states(self, open_states: Callable[[], RuleStates]) -> RuleStates:
        return open_states()

    def test_a_state_comes_back_exactly(self, states: RuleStates, open_states: Callable[[], RuleStates]) -> None:
        key = ("too-hot", unique("device"))
        state = RuleState(since=at(1.000001), fired=True, seen=at(2), version=1)
        assert states.save({key: state}) == []
        assert states.load([key]) == {key: state}
        assert open_states().load([key]) == {key: state}

    def test_only_states_that_exist_are_loaded(self, states: RuleStates) -> None:
        device = unique("device")
        saved, absent = ("rule", device), ("other-rule", device)
        assert states.load([saved, absent]) == {}
        states.save({saved: RuleState(version=1)})
        assert states.load([saved, absent]) == {saved: RuleState(version=1)}
        assert states.load([]) == {}
        assert states.save({}) == []

    def test_a_state_is_replaced_by_the_next_version(self, states: RuleStates) -> None:
        key = ("rule", unique("device"))
        for version in range(1, 4):
            assert states.save({key: RuleState(since=at(version), fired=version == 2, version=version)}) == []
        assert states.load([key]) == {key: RuleState(since=at(3), version=3)}

    @pytest.mark.parametrize("version", [1, 2, 4])
    def test_any_other_version_loses(self, states: RuleStates, version: int) -> None:
        key = ("rule", unique("device"))
        stored = RuleState(seen=at(2), version=2)
        states.save({key: RuleState(seen=at(1), version=1)})
        states.save({key: stored})
        assert states.save({key: RuleState(seen=at(9), fired=True, version=version)}) == [key]
        assert states.load([key]) == {key: stored}

    def test_a_first_write_must_be_version_one(self, states: RuleStates) -> None:
        key = ("rule", unique("device"))
        assert states.save({key: RuleState(version=2)}) == [key]
        assert states.load([key]) == {}

    def test_the_winners_of_a_batch_are_written_though_others_lose(self, states: RuleStates) -> None:
        device = unique("device")
        lost, won, new = ("a", device), ("b", device), ("c", device)
        states.save({lost: RuleState(version=1), won: RuleState(version=1)})
        changes = {
            lost: RuleState(fired=True, version=1),
            won: RuleState(fired=True, version=2),
            new: RuleState(fired=True, version=1),
        }
        assert states.save(changes) == [lost]
        assert states.load([lost, won, new]) == {**changes, lost: RuleState(version=1)}

    def test_one_of_several_racers_wins(self, open_states: Callable[[], RuleStates]) -> None:
        key = ("rule", unique("device"))
        for version in (1, 2):

            def save(racer: int, version: int = version) -> Callable[[], list[Key]]:
                return lambda: open_states().save({key: RuleState(seen=at(racer), version=version)})

            lost = self.race([save(racer) for racer in range(self.racers)])
            assert sorted(map(len, lost)) == [0] + [1] * (self.racers - 1)
            winner = lost.index([])
            assert open_states().load([key]) == {key: RuleState(seen=at(winner), version=version)}

    def test_rules_and_devices_are_told_apart(self, states: RuleStates) -> None:
        device = unique("d")
        keys: list[Key] = [
            ("a", f"b-{device}"),
            ("a-b", device),
            ("a/b#c?", device),
            ("a/b", device),
            ("too hot > 30 °C \U0001f525", device),
            ("x" * 128, device),
        ]
        saved = {key: RuleState(seen=at(number), version=1) for number, key in enumerate(keys)}
        assert states.save(saved) == []
        assert states.load(keys) == saved

    def test_many_at_once(self, states: RuleStates) -> None:
        device = unique("device")
        saved = {("rule", f"{device}-{number}"): RuleState(seen=at(number), version=1) for number in range(self.many)}
        assert states.save(saved) == []
        assert states.load([*saved, ("rule", f"{device}-none")]) == saved
