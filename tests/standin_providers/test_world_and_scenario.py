"""The files that a person or a test writes: the world and the scenario."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.standin import Failure, Scenario, World, WorldObject, read_scenario
from twin2multicloud.standin.naming import Names, Settings
from twin2multicloud.standin.scenario import Fate, Tally
from twin2multicloud.standin.words import WORDINGS, kinds_of, problem_of


def thing(key: str, **values: object) -> WorldObject:
    return WorldObject("aws_sqs_queue", key, key, values)


def test_an_object_outlives_the_world_that_made_it(tmp_path: Path) -> None:
    World(tmp_path).add(thing("a/b", size=1))
    assert World(tmp_path).get("aws_sqs_queue", "a/b") == thing("a/b", size=1)
    assert World(tmp_path).get("aws_sqs_queue", "a_b") is None


def test_keys_that_look_alike_in_a_file_name_are_different_objects(tmp_path: Path) -> None:
    world = World(tmp_path)
    keys = ["a/b", "a:b", "a~b", "a" * 300, "a" * 301, "ä", ".."]
    assert all(world.add(thing(key)) for key in keys)
    assert sorted(found.key for found in world.objects()) == sorted(keys)
    assert all(path.parent.parent == tmp_path for path in tmp_path.rglob("*.json"))


def test_of_many_that_want_a_name_one_gets_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: World(tmp_path).add(thing("one", number=number)), range(32)))
    assert won.count(True) == 1
    found = World(tmp_path).get("aws_sqs_queue", "one")
    assert found is not None
    assert found.values == {"number": won.index(True)}


def test_a_world_lists_objects_of_a_kind_and_forgets_what_is_removed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.put(thing("one"))
    world.put(WorldObject("azurerm_iothub", "two", "two", {}))
    assert [found.key for found in world.objects("aws_*")] == ["one"]
    world.remove("aws_sqs_queue", "one")
    world.remove("aws_sqs_queue", "one")
    assert [found.key for found in world.objects()] == ["two"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"failures": [{"kind": "quota", "typ": "aws_*"}]}', "unknown field `typ`"),
        ('{"failures": [{"kind": "quota", "verb": "make"}]}', "Invalid enum value 'make'"),
        ('{"failures": [{"type": "aws_*"}]}', "failures[0]: needs a `kind` or its own words in `error`"),
        ('{"failures": [{"kind": "quota", "name": "("}]}', "failures[0].name: not a regular expression"),
        ('{"delays": [{"seconds": -1}]}', ">= 0"),
        ('{"delays": [{"seconds": 1, "name": "["}]}', "delays[0].name: not a regular expression"),
        ("[]", "Expected `object`, got `array`"),
        ("{", "truncated"),
    ],
)
def test_a_scenario_that_is_none_is_refused_with_the_place(text: str, words: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_scenario(text)
    assert words in str(refused.value)


def test_a_scenario_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"no-such\.json: cannot be read: No such file"):
        read_scenario(tmp_path / "no-such.json")


def outcomes(fate: Fate, times: int, kind: str = "aws_sqs_queue") -> str:
    return "".join("x" if fate.failure(kind, "mill", "create") else "." for _ in range(times))


def test_failures_begin_after_some_and_end_after_some() -> None:
    def fate(**how: Any) -> Fate:
        return Fate(Scenario(failures=(Failure(type="aws_*", kind="quota", **how),)), Tally(None))

    assert outcomes(fate(), 5) == "xxxxx"
    assert outcomes(fate(after=2), 5) == "..xxx"
    assert outcomes(fate(times=2), 5) == "xx..."
    assert outcomes(fate(after=1, times=2), 5) == ".xx.."
    assert outcomes(fate(after=1, times=2), 3, "azurerm_iothub") == "..."


def test_processes_with_one_world_count_together(tmp_path: Path) -> None:
    scenario = Scenario(failures=(Failure(kind="quota", after=2),))
    fates = [Fate(scenario, Tally(tmp_path)) for _ in range(3)]
    assert "".join(outcomes(fate, 1) for fate in fates) == "..x"


def test_the_first_delay_that_matches_counts() -> None:
    scenario = read_scenario(
        '{"delays": [{"type": "aws_*", "name": "^slow", "seconds": 9}, {"verb": "read", "seconds": 1}, {"seconds": 2}]}'
    )
    assert scenario.delay("aws_sqs_queue", "slow-one", "create") == 9
    assert scenario.delay("aws_sqs_queue", "one", "create") == 2
    assert scenario.delay("aws_sqs_queue", "slow-one", "read") == 1
    assert scenario.delay("azurerm_iothub", "slow-one", "data") == 0


@pytest.mark.parametrize("provider", ["aws", "azurerm", "google"])
def test_every_failure_of_a_cloud_is_told_without_gaps(provider: str) -> None:
    kind = {"aws": "aws_sqs_queue", "azurerm": "azurerm_storage_account", "google": "google_pubsub_topic"}[provider]
    assert len(WORDINGS[provider]) >= 10
    for word in kinds_of(provider):
        names = Names(Settings(provider, region="europe-1"), kind, {"name": "mill", "id": "mill-id"})
        names.values.update(parent="weir", parent_type="river", argument="protected", value="true")
        problem = problem_of(Failure(kind=word), names, "create")
        assert problem.summary
        assert not any(bracket in problem.summary for bracket in ("{action", "{this", "{type"))
        if word not in ("no-credentials", "expired-credentials", "invalid-credentials"):
            assert "mill" in problem.summary or kind in problem.summary or "API" in problem.summary


def test_a_kind_of_failure_that_a_cloud_does_not_have_is_refused() -> None:
    names = Names(Settings("aws"), "aws_sqs_queue", {"name": "mill"})
    with pytest.raises(InvalidInputError, match=r"'api-disabled' has no words of aws, which has: .*quota"):
        problem_of(Failure(kind="api-disabled"), names, "create")
