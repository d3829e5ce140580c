"""Names that all three clouds take, and who forbids the others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.conftest import findings, problem, put, read
from twin2multicloud.model.twin.naming import (
    item_name_problem,
    secret_name_problem,
    twin_name_problem,
    type_name_problem,
)

# The services' own rules, as their documentation and SDKs state them.
ITEM_RULES = {
    "AWS IoT thing": r"[a-zA-Z0-9:_-]{1,128}",
    "TwinMaker entity": r"[a-zA-Z0-9][a-zA-Z_\-0-9.:]*[a-zA-Z0-9]+",
    "IoT Hub device": r"[A-Za-z0-9\-.%_*?!(),:=@$']{1,128}",
    "Firestore document": r"(?!\.\.?$)(?!__.*__$)[^/]{1,1500}",
    "MQTT topic level": r"[^/+#]{1,128}",
    "X.509 common name": r".{1,64}",
}
TWIN_RULES = {
    "S3 bucket": r"(?!xn--)(?!sthree-)(?!amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    "Key Vault": r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
    "Google label": r"[a-z][a-z0-9_-]{0,62}",
    "Google service account": r"[a-z][a-z0-9-]{1,28}[a-z0-9]",
    "Google bucket": r"(?!goog)(?!.*google)[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]",
    "Azure resource": r"(?!.*microsoft)(?!.*windows)(?!login)(?!xbox).*",
}
TYPE_RULES = {
    "DTMI segment": r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?",
    "TwinMaker component": r"[a-zA-Z_.\-0-9:]{1,256}",
    "AWS IoT thing type": r"[a-zA-Z0-9:_-]{1,128}",
}

_near = st.text(alphabet="abzAZ09_-.:/+# äg", max_size=8)
_any_name = st.one_of(_near, st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True), st.text(max_size=70))


@given(name=_any_name)
@settings(max_examples=300, deadline=None)
def test_what_is_accepted_every_cloud_accepts(name: str) -> None:
    for problem_of, rules, spelled in (
        (item_name_problem, ITEM_RULES, name),
        (twin_name_problem, TWIN_RULES, name),
        (type_name_problem, TYPE_RULES, name.replace("-", "_")),
    ):
        if problem_of(name) is None:
            for service, rule in rules.items():
                assert re.fullmatch(rule, spelled, re.DOTALL), service
        else:
            assert str(problem_of(name)).isprintable()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Home", "S3 buckets, Azure key vaults and Google service accounts take lowercase"),
        ("my_home", "lowercase letters, digits and '-'"),
        ("1home", "begin with a letter"),
        ("home-", "do not end with '-'"),
        ("ho", "at least 3 characters"),
        ("my--home", "Azure key vaults forbid"),
        ("a" * 25, "Azure key vaults end at 24"),
        ("google-home", "Google buckets"),
        ("goog-home", "Google buckets"),
        ("my-windows", "Azure reserves the word windows"),
        ("login-home", "Azure reserves the word login"),
        ("sthree-home", "S3 reserves"),
    ],
)
def test_who_forbids_a_twins_name(name: str, says: str) -> None:
    field, text = problem(put("name", value=name))
    assert field == "name"
    assert says in text


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a/b", "MQTT topics, and in Firestore"),
        ("a+b", "MQTT topics"),
        ("a#", "MQTT topics"),
        ("a.b", "AWS IoT forbids '.'"),
        ("a b", "AWS IoT and TwinMaker forbid ' '"),
        ("ä1", "AWS IoT and TwinMaker forbid 'ä'"),
        ("a:b", "escape ':' differently"),
        ("-a", "TwinMaker's ids begin and end"),
        ("a_", "TwinMaker's ids begin and end"),
        ("a", "at least 2 characters"),
        ("a" * 65, "IoT Hub takes a device's name from its certificate's"),
    ],
)
def test_who_forbids_a_devices_name(name: str, says: str) -> None:
    field, text = problem(put("devices", 1, "names", value=[name]))
    assert field == "devices[1].names"
    assert says in text
    assert says in findings(put("graph", "entities", 0, "id", value=name))["graph.entities[0].id"].problem


def test_counted_names_are_checked_with_their_numbers() -> None:
    assert "MQTT" in problem(put("devices", 0, "name", value="a/{n}"))[1]
    assert "begin and end" in problem(put("devices", 0, "name", value="sensor-{n}-"))[1]
    assert read(put("devices", 0, "name", value="{n}-sensor")).devices[0].all_names()[0] == "1-sensor"


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["valve-a", "valve-a"], "'valve-a' is given twice"),
        (["valve-a", "Valve-A"], "differs from 'valve-a' by case only"),
        (["sensor-03"], "'sensor-03' is given twice"),
        (["house"], "'house' is given twice"),
        (["ROOM-2"], "differs from 'room-2' by case only"),
    ],
)
def test_devices_and_entities_have_names_of_their_own(names: list[str], says: str) -> None:
    field, text = problem(put("devices", 1, "names", value=names))
    assert field.startswith("devices[1].names[")
    assert says in text


def test_types_are_different_where_case_and_hyphens_do_not_count() -> None:
    field, text = problem(put("device_types", "Sensor", value={"fields": {"x": "double"}}))
    assert "the same type's name" in text
    assert field.startswith("device_types.")
    assert "the same type's name" in problem(put("graph", "models", "sensor", value={}))[1]
    assert (
        "the same type's name"
        in problem(lambda d: d["device_types"].update({k: {"fields": {"x": "double"}} for k in ("a-b", "a_b")}))[1]
    )


@pytest.mark.parametrize(
    "name", ["time", "timestamp", "ts", "device", "and", "not", "true", "_x", "x_", "x-y", "ö", "x" * 65]
)
def test_fields_have_names_that_dtdl_and_rules_take(name: str) -> None:
    field, text = problem(put("device_types", "valve", "fields", value={name: "double", "fine": "double"}))
    assert field.startswith("device_types.valve.fields.")
    assert "rename" in text or "DTDL" in text


def test_contents_of_a_type_differ() -> None:
    assert "called alike" in problem(put("device_types", "valve", "fields", value={"close": "double"}))[1]
    assert "called alike" in problem(put("device_types", "valve", "fields", value={"A": "double", "a": "double"}))[1]


def test_rules_have_names_of_their_own() -> None:
    rule = {"name": "HOT", "on": "sensor", "when": "count > 1"}
    assert problem(lambda d: d["rules"].append(rule))[0] == "rules[1].name"
    assert "letters, digits" in problem(put("rules", 0, "name", value="a b"))[1]


def test_secrets_names() -> None:
    assert secret_name_problem("alarm-hook") is None
    assert "Key Vault" in str(secret_name_problem("alarm_hook"))
