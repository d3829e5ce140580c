"""What a provider answers, asked directly: rules, hooks, and values that no cloud is needed for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from twin2multicloud.model.errors import InvalidInputError, UsageError
from twin2multicloud.standin import overlay
from twin2multicloud.standin.checks import check
from twin2multicloud.standin.naming import Names, Settings
from twin2multicloud.standin.overlay import Rules
from twin2multicloud.standin.planning import answer, plan, replaced_by
from twin2multicloud.standin.provider import Provider
from twin2multicloud.standin.scenario import Scenario
from twin2multicloud.standin.schema import Attribute, Block, NestedBlock
from twin2multicloud.standin.serving import build
from twin2multicloud.standin.values import UNKNOWN, conform, decode, encode

WHEEL = Block(
    attributes={
        "size": Attribute("number", required=True),
        "wood": Attribute("string", optional=True),
        "speed": Attribute("number", computed=True),
    }
)
MILL = Block(
    attributes={
        "id": Attribute("string", computed=True),
        "name": Attribute("string", required=True),
        "kind": Attribute("string", optional=True),
        "policy": Attribute("string", optional=True),
        "url": Attribute("string", optional=True, computed=True),
        "secret": Attribute("string", computed=True),
        "tags": Attribute(["map", "string"], optional=True),
        "tags_all": Attribute(["map", "string"], optional=True, computed=True),
    },
    block_types={
        "wheel": NestedBlock("list", WHEEL),
        "stone": NestedBlock("set", WHEEL),
        "roof": NestedBlock("single", WHEEL),
        "door": NestedBlock("map", WHEEL),
    },
)


def mill(**values: Any) -> dict[str, Any]:
    return conform(MILL, {"name": "mill", **values})


def wheel(size: Any, **values: Any) -> dict[str, Any]:
    return {"size": size, "wood": None, "speed": None, **values}


def names(**values: Any) -> Names:
    return Names(Settings("aws", region="eu-central-1"), "river_mill", mill(**values))


class TestWire:
    def test_values_come_back_as_they_went(self) -> None:
        state = mill(wheel=[wheel(UNKNOWN)], tags={"a": "b"}, url=UNKNOWN)
        assert decode(encode(state)) == state

    def test_an_unknown_value_with_hints_is_unknown(self) -> None:
        hinted = bytes([0xC7, 0x02, 0x0C, 0x81, 0x01])
        assert decode(hinted) is UNKNOWN

    def test_nothing_is_null(self) -> None:
        assert decode(b"") is None

    def test_what_is_no_value_is_not_sent(self) -> None:
        with pytest.raises(TypeError, match="object is not a Terraform value"):
            encode({"a": object()})


class TestChecks:
    def problems(self, rules: Rules, **values: Any) -> list[tuple[str, tuple[str | int, ...]]]:
        return [(problem.summary, problem.steps) for problem in check(MILL, rules, {**mill(), **values})]

    def test_what_is_unknown_passes_every_check(self) -> None:
        rules = Rules(
            enum={"kind": ("wind",)},
            pattern={"wheel.wood": "oak"},
            range={"stone.size": (1, 2)},
            json=("policy",),
            exactly_one_of=(("kind", "policy"),),
        )
        unknown = {"kind": UNKNOWN, "policy": UNKNOWN, "wheel": UNKNOWN, "stone": [wheel(UNKNOWN)]}
        assert self.problems(rules, **unknown) == []

    def test_a_value_in_a_list_is_pointed_at_and_one_in_a_set_by_the_sets_name(self) -> None:
        rules = Rules(range={"wheel.size": (1, 5), "stone.size": (1, 5)})
        found = self.problems(rules, wheel=[wheel(3), wheel(9)], stone=[wheel(9)])
        assert found == [
            ("expected wheel.size to be in the range (1 - 5), got 9", ("wheel", 1, "size")),
            ("expected stone.size to be in the range (1 - 5), got 9", ("stone",)),
        ]

    def test_a_group_in_a_block_is_judged_in_each_block(self) -> None:
        rules = Rules(at_least_one_of=(("wheel.wood", "wheel.speed"),))
        assert self.problems(rules) == []
        found = self.problems(rules, wheel=[wheel(1, wood="oak"), wheel(2)])
        assert [steps for _summary, steps in found] == [("wheel", 1)]

    def test_what_is_needed_together(self) -> None:
        rules = Rules(required_with={"kind": ("policy",)})
        assert self.problems(rules, policy="{}") == []
        assert self.problems(rules, kind="wind") == [('"kind": all of `kind,policy` must be specified', ())]

    def test_a_read_only_value_in_a_set_is_refused(self) -> None:
        assert self.problems(Rules(), stone=[wheel(1, speed=3)]) == [
            ("Value for unconfigurable attribute", ("stone",)),
        ]


class TestPlans:
    def test_a_new_object_has_defaults_and_does_not_know_what_is_computed(self) -> None:
        rules = Rules(defaults={"kind": "water", "wheel.wood": "oak", "roof.wood": "fir", "door.wood": "ash"})
        planned = plan(
            MILL,
            rules,
            {"twin": "t"},
            None,
            mill(wheel=[wheel(1), wheel(2, wood="elm")], roof=wheel(3), door={"a": wheel(4)}, tags={"x": "y"}),
        )
        assert planned["kind"] == "water"
        assert [item["wood"] for item in planned["wheel"]] == ["oak", "elm"]
        assert planned["roof"]["wood"] == "fir"
        assert planned["door"]["a"] == wheel(4, wood="ash", speed=UNKNOWN)
        assert planned["id"] is planned["secret"] is planned["url"] is planned["wheel"][0]["speed"] is UNKNOWN
        assert planned["tags_all"] == {"twin": "t", "x": "y"}

    def test_nothing_changes_where_nothing_is_asked(self) -> None:
        rules = Rules(defaults={"stone.wood": "oak"})
        prior = mill(id="1", url="u", secret="s", tags_all={}, stone=[wheel(2, wood="oak", speed=7)])
        proposed = {**prior, "stone": [wheel(2)]}
        assert plan(MILL, rules, {}, prior, proposed) == prior

    def test_a_new_block_in_an_old_object_does_not_know_its_computed_values(self) -> None:
        prior = mill(id="1", url="u", secret="s", tags_all={}, stone=[wheel(2, speed=7)], wheel=[wheel(1, speed=3)])
        proposed = {**prior, "stone": [wheel(3), wheel(2)], "wheel": [wheel(1, speed=3), wheel(2)]}
        planned = plan(MILL, Rules(), {}, prior, proposed)
        assert planned["stone"] == [wheel(2, speed=7), wheel(3, speed=UNKNOWN)]
        assert planned["wheel"] == [wheel(1, speed=3), wheel(2, speed=UNKNOWN)]
        assert planned["id"] == "1"

    def test_a_change_makes_unknown_what_depends_on_it(self) -> None:
        prior = mill(id="1", url="u", secret="s", tags_all={})
        planned = plan(MILL, Rules(recompute={"kind": ("url",)}), {}, prior, {**prior, "kind": "wind"})
        assert planned["url"] is UNKNOWN
        assert planned["secret"] == "s"

    def test_tags_for_everything_change_everything(self) -> None:
        prior = mill(id="1", url="u", secret="s", tags_all={"twin": "a"})
        assert plan(MILL, Rules(), {"twin": "b"}, prior, prior)["tags_all"] == {"twin": "b"}

    def test_replacement_is_by_rule_and_by_common_sense(self) -> None:
        prior = mill(wheel=[wheel(1)], kind="wind")
        changed = mill(name="other", wheel=[wheel(2)], kind="water")
        assert replaced_by(MILL, Rules(), prior, changed) == ["name"]
        assert replaced_by(MILL, Rules(force_new=("wheel.size", "kind")), prior, changed) == ["kind", "name", "wheel"]
        assert replaced_by(MILL, Rules(in_place=("name",)), prior, changed) == []


class TestAnswers:
    def test_templates_come_before_guesses_and_the_id_before_what_it_is_part_of(self) -> None:
        rules = Rules(id="{name}-{h:4}", values={"url": "https://{id}.example", "wheel.speed": 42})
        known = answer(MILL, rules, names(), mill(id=UNKNOWN, url=UNKNOWN, wheel=[wheel(1, speed=UNKNOWN)]))
        assert known["id"].startswith("mill-")
        assert known["url"] == f"https://{known['id']}.example"
        assert known["wheel"] == [wheel(1, speed=42)]

    def test_what_a_person_gave_stays(self) -> None:
        rules = Rules(values={"url": "https://other"})
        assert answer(MILL, rules, names(), mill(url="https://mine"))["url"] == "https://mine"

    def test_a_made_up_secret_says_that_it_is_none(self) -> None:
        known = answer(MILL, Rules(), names(), mill(secret=UNKNOWN))
        assert known["secret"].startswith("standin-")
        assert known == answer(MILL, Rules(), names(), mill(secret=UNKNOWN))
        assert known["secret"] != answer(MILL, Rules(), names(name="weir"), mill(secret=UNKNOWN))["secret"]

    def test_objects_without_a_name_differ_by_what_is_given(self) -> None:
        def rule(port: int) -> str:
            return Names(Settings("aws"), "aws_rule", {"port": port}).digest

        assert rule(1) != rule(2)
        assert rule(1) == rule(1)

    @pytest.mark.parametrize(
        ("template", "expected"),
        [
            ("{a:last}", "vault"),
            ("{a:group}", "mill"),
            ("{b:last}", "fn"),
            ("{c:account}", "millcool"),
            ("{a:upper}", "/SUBSCRIPTIONS/1/RESOURCEGROUPS/MILL/PROVIDERS/X/VAULT"),
            ("{account:3}", "123"),
        ],
    )
    def test_formats_take_parts_of_ids(self, template: str, expected: str) -> None:
        values = {
            "a": "/subscriptions/1/resourceGroups/mill/providers/x/vault",
            "b": "arn:aws:lambda:eu-central-1:123456789012:function:fn",
            "c": "/x/storageAccounts/millcool/blobServices/default/containers/a",
        }
        assert Names(Settings("azurerm"), "azurerm_x", values).fill(template) == expected


class TestOverlayFiles:
    def test_a_type_in_two_files_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "aws").mkdir()
        for name in ("a", "b"):
            (tmp_path / "aws" / f"{name}.json").write_text('{"aws_x": {"id": "{name}"}}')
        with pytest.raises(InvalidInputError, match="aws_x: has rules in another file, too"):
            overlay.load("aws", tmp_path)

    def test_an_unknown_rule_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "aws").mkdir()
        (tmp_path / "aws" / "a.json").write_text('{"aws_x": {"enums": {}}}')
        with pytest.raises(InvalidInputError, match="unknown field `enums`"):
            overlay.load("aws", tmp_path)

    def test_secrets_are_guessed_only_where_no_rules_are(self) -> None:
        block = Block({"password": Attribute("string"), "token": Attribute("string"), "tokens": Attribute("string")})
        assert overlay.secrets(block, None) == {"password", "token"}
        assert overlay.secrets(block, Rules(sensitive=("tokens",))) == {"tokens"}


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Provider]:
    provider = build("aws", tmp_path, Scenario())
    provider.configure({"region": "eu-central-1"})
    yield provider
    provider.end()


class TestHooks:
    @pytest.mark.parametrize(
        ("mode", "shards", "words"),
        [
            ("PROVISIONED", 2, None),
            ("ON_DEMAND", None, None),
            (UNKNOWN, 2, None),
            ("PROVISIONED", None, "shard_count must be at least 1 when stream_mode is PROVISIONED"),
            ("ON_DEMAND", 1, "shard_count must not be set when stream_mode is ON_DEMAND"),
        ],
    )
    def test_a_stream_has_shards_if_they_are_provisioned(
        self, aws: Provider, mode: Any, shards: int | None, words: str | None
    ) -> None:
        config = {"name": "mill", "shard_count": shards, "stream_mode_details": [{"stream_mode": mode}]}
        block = aws.schema.resource_schemas["aws_kinesis_stream"].block
        found = [problem.summary for problem in aws.validate("aws_kinesis_stream", conform(block, config))]
        assert found == ([words] if words else [])


class TestDataSources:
    def test_a_policy_document_is_worked_out_as_the_provider_does(self, aws: Provider) -> None:
        block = aws.schema.data_source_schemas["aws_iam_policy_document"].block
        condition = {"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]}
        config = conform(
            block,
            {
                "policy_id": "mine",
                "statement": [
                    {"sid": "one", "actions": ["sqs:SendMessage"], "resources": ["a", "b"], "condition": [condition]},
                    {
                        "effect": "Deny",
                        "not_actions": ["sqs:ReceiveMessage"],
                        "principals": [{"type": "Service", "identifiers": ["iot.amazonaws.com"]}],
                    },
                    {"sid": "two", "actions": ["x:Y"], "principals": [{"type": "*", "identifiers": ["*"]}]},
                ],
                "source_policy_documents": ['{"Statement": {"Sid": "zero", "Effect": "Allow"}}'],
                "override_policy_documents": ['{"Statement": [{"Sid": "two", "Effect": "Deny"}]}'],
            },
        )
        read = aws.read_data("aws_iam_policy_document", config)
        assert read.problems == []
        assert read.state is not None
        assert json.loads(read.state["json"]) == json.loads(read.state["minified_json"])
        assert json.loads(read.state["json"]) == {
            "Version": "2012-10-17",
            "Id": "mine",
            "Statement": [
                {"Sid": "zero", "Effect": "Allow"},
                {
                    "Sid": "one",
                    "Effect": "Allow",
                    "Action": "sqs:SendMessage",
                    "Resource": ["b", "a"],
                    "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
                },
                {
                    "Effect": "Deny",
                    "NotAction": "sqs:ReceiveMessage",
                    "Principal": {"Service": "iot.amazonaws.com"},
                },
                {"Sid": "two", "Effect": "Deny"},
            ],
        }

    def test_the_region_is_the_providers(self, aws: Provider) -> None:
        block = aws.schema.data_source_schemas["aws_region"].block
        state = aws.read_data("aws_region", conform(block, {})).state
        assert state is not None
        assert state["name"] == state["region"] == "eu-central-1"

    def test_one_that_looks_something_up_finds_what_the_world_has(self, tmp_path: Path) -> None:
        azure = build("azurerm", tmp_path, Scenario())
        azure.configure({})
        kind = "azurerm_resource_group"
        asked = conform(azure.schema.data_source_schemas[kind].block, {"name": "mill"})
        assert [p.summary for p in azure.read_data(kind, asked).problems] == [f"{kind} (mill) was not found"]
        made = conform(
            azure.schema.resource_schemas[kind].block, {"name": "mill", "location": "northeurope", "id": UNKNOWN}
        )
        assert azure.apply(kind, None, made).problems == []
        found = azure.read_data(kind, asked).state
        assert found is not None
        assert found["location"] == "northeurope"

    def test_there_is_no_stand_in_for_every_provider(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="provider 'river' has no stand-in; there are: archive, aws"):
            build("river", tmp_path, Scenario())
