"""What each cloud's functions say about settings that are missing, broken or wrong: variable, field, value, remedy."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.runtime.adapters.azure.build import build
from twin2multicloud.runtime.entry import aws, azure, gcp
from twin2multicloud.runtime.entry.roles import Edge
from twin2multicloud.runtime.settings import ConfigError, read_setting

Start = Callable[[Mapping[str, str], Path], object]
SECRET = "Endpoint=sb://x/;SharedAccessKey=c2VjcmV0"


def _aws(environment: Mapping[str, str], root: Path) -> object:
    return aws.Function(environment, root).process({"Records": []})


def _azure(environment: Mapping[str, str], root: Path) -> object:
    azure.make_app(environment, root)
    return build(environment)


def _gcp(environment: Mapping[str, str], root: Path) -> object:
    return gcp.Function(root, {"PUBSUB_EMULATOR_HOST": "127.0.0.1:1", **environment}).work()  # type: ignore[func-returns-value]


CLOUDS: dict[str, tuple[Start, str, dict[str, Any], str]] = {
    "aws": (_aws, "T2M_FUNCTION", {"twin": "house"}, "the Lambda function's environment variables"),
    "azure": (_azure, "T2M_FUNCTIONS", {"twin": "house"}, "the function app's settings"),
    "gcp": (
        _gcp,
        "T2M_FUNCTION",
        {"twin": "house", "project": "p", "subscription": "s"},
        "the environment variables of the Cloud Run service",
    ),
}


def said(cloud: str, config: str | None, function: str | None, tmp_path: Path) -> str:
    """The error that starting a function ends with, of which nothing secret is in the whole traceback."""
    start, variable, _, place = CLOUDS[cloud]
    given = {"T2M_CONFIG": config, variable: function}
    with pytest.raises(ConfigError) as caught:
        start({name: value for name, value in given.items() if value is not None}, tmp_path)
    message = str(caught.value)
    assert message.endswith(place) or place in message
    assert "deploy again, or " in message
    assert "\n" not in message
    assert len(message) < 600
    shown = "".join(traceback.format_exception(caught.value, chain=True))
    assert "c2VjcmV0" not in shown.partition("ConfigError")[2]
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return message


def good_function(cloud: str) -> str:
    one = {"component": "process"}
    return json.dumps([{**one, "role": "process", "queue": "intake"}] if cloud == "azure" else one)


@pytest.mark.parametrize("cloud", CLOUDS)
class TestEveryCloud:
    def test_a_variable_that_is_not_set(self, cloud: str, tmp_path: Path) -> None:
        _, variable, config, _ = CLOUDS[cloud]
        for empty in (None, "", "  "):
            found = said(cloud, empty, good_function(cloud), tmp_path)
            assert found.startswith("T2M_CONFIG is not set: the deployer writes it; deploy again, or add it to ")
            found = said(cloud, json.dumps(config), empty, tmp_path)
            assert found.startswith(f"{variable} is not set: ")

    @pytest.mark.parametrize(
        "text",
        ["{", "twin: house", SECRET, f'{{"twin": {SECRET}}}', f'{{"twin": "{SECRET}"', "\udc80", '{"twin": "x"} x'],
    )
    def test_what_is_no_json(self, cloud: str, text: str, tmp_path: Path) -> None:
        _, variable, config, _ = CLOUDS[cloud]
        assert said(cloud, text, good_function(cloud), tmp_path).startswith("T2M_CONFIG: the value is no JSON (")
        found = said(cloud, json.dumps(config), text, tmp_path)
        assert found.startswith(f"{variable}: the value is no JSON (")
        assert f"of {len(text)} characters" in found

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"twin": 5}, "T2M_CONFIG: 'twin' is 5; it must be a text; deploy again, or correct it in "),
            ({"twin": None}, "T2M_CONFIG: 'twin' is null; it must be a text; "),
            ({"twin": ["x"]}, "T2M_CONFIG: 'twin' is an array; it must be a text; "),
            ({"twni": "house"}, "T2M_CONFIG: 'twni' is none of its fields; these are: "),
            ({"password": SECRET}, "T2M_CONFIG: 'password' is none of its fields; these are: "),
        ],
    )
    def test_a_wrong_field(self, cloud: str, change: dict[str, Any], expected: str, tmp_path: Path) -> None:
        config = json.dumps({**CLOUDS[cloud][2], **change})
        assert said(cloud, config, good_function(cloud), tmp_path).startswith(expected)

    def test_a_missing_field(self, cloud: str, tmp_path: Path) -> None:
        config = {name: value for name, value in CLOUDS[cloud][2].items() if name != "twin"}
        found = said(cloud, json.dumps(config), good_function(cloud), tmp_path)
        assert found.startswith("T2M_CONFIG: 'twin' is missing; ")

    def test_the_functions_own(self, cloud: str, tmp_path: Path) -> None:
        _, variable, config, _ = CLOUDS[cloud]
        function = json.loads(good_function(cloud))
        one = function[0] if cloud == "azure" else function
        at = "[0]." if cloud == "azure" else ""
        one["local"] = ["persist", "persits"]
        found = said(cloud, json.dumps(config), json.dumps(function), tmp_path)
        edges = ", ".join(repr(each) for each in sorted(get_args(Edge)))
        assert found.startswith(f"{variable}: '{at}local[1]' is \"persits\"; it must be one of {edges}; ")
        one["local"] = "persist"
        found = said(cloud, json.dumps(config), json.dumps(function), tmp_path)
        assert found.startswith(f"{variable}: '{at}local' is \"persist\"; it must be an array; ")
        del one["local"], one["component"]
        found = said(cloud, json.dumps(config), json.dumps(function), tmp_path)
        assert found.startswith(f"{variable}: '{at}component' is missing; ")


@pytest.mark.parametrize(
    ("cloud", "change", "expected"),
    [
        ("aws", {"cool": {"nme": "b"}}, "'cool.nme' is none of its fields; these are: classes, name, prefix; "),
        ("aws", {"cool": "bucket"}, "'cool' is \"bucket\"; it must be an object or null; "),
        ("aws", {"cool": {"name": "b", "classes": {"cool": 1}}}, "'cool.classes[...]' is of another kind; it must be "),
        ("aws", {"topics": {"intake": SECRET, "alerts": 1}}, "'topics[...]' is of another kind; it must be a text; "),
        ("aws", {"consistent_reads": "yes"}, "'consistent_reads' is \"yes\"; it must be true or false; "),
        (
            "aws",
            {"hot_expires_s": SECRET},
            "'hot_expires_s' is a value that is not shown; it must be a number or null; ",
        ),
        ("azure", {"cool_tier": "Warm"}, "'cool_tier' is \"Warm\"; it must be one of 'Cold', 'Cool'; "),
        (
            "azure",
            {"graph": SECRET},
            "'graph' is a value that is not shown; it must be one of 'digital_twins', 'own'; ",
        ),
        ("azure", {"most_events": 1.5}, "'most_events' is 1.5; it must be a whole number; "),
        (
            "azure",
            {"emulators": {"cosmos_key": 12345}},
            "'emulators.cosmos_key' is a value that is not shown; it must be a text; ",
        ),
        ("gcp", {"hot": "sql"}, "'hot' is \"sql\"; it must be one of 'bigtable', 'firestore'; "),
        ("gcp", {"patience": {"attempt_s": "long"}}, "'patience.attempt_s' is \"long\"; it must be a number; "),
        ("gcp", {"bundled": "intake"}, "'bundled' is \"intake\"; it must be an array; "),
    ],
)
def test_fields_of_one_cloud(cloud: str, change: dict[str, Any], expected: str, tmp_path: Path) -> None:
    config = json.dumps({**CLOUDS[cloud][2], **change})
    assert said(cloud, config, good_function(cloud), tmp_path).startswith(f"T2M_CONFIG: {expected}")


@pytest.mark.parametrize("role", ["send", "move"])
def test_an_azure_app_is_checked_before_its_first_event(role: str, tmp_path: Path) -> None:
    found = said("azure", '{"twin": "x"}', json.dumps([{"component": "x", "role": role, "queue": "q"}]), tmp_path)
    assert found.startswith(f"T2M_FUNCTIONS lacks 'edge', which x ({role}) needs; deploy again, or add it in the ")


def test_a_role_that_azure_does_not_have(tmp_path: Path) -> None:
    found = said("azure", '{"twin": "x"}', '[{"component": "x", "role": "cook"}]', tmp_path)
    roles = "'actions', 'move', 'process', 'read', 'receive', 'send'"
    assert found.startswith(f"T2M_FUNCTIONS: '[0].role' is \"cook\"; it must be one of {roles}; ")


def test_the_edges_are_those_of_the_blueprint() -> None:
    assert set(get_args(Edge)) == {edge.id for edge in EDGES}


class _Inner(msgspec.Struct, forbid_unknown_fields=True):
    number: float | None = None
    names: tuple[str, ...] = ()


class _Outer(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    kind: Literal["a", "b"] = "a"
    inner: _Inner | None = None
    several: dict[str, _Inner] = {}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "kind", "inner", "several", "number", "names", "`x`.$", ""]), inner)
    ),
    max_leaves=8,
)


@given(_JSON)
def test_whatever_the_value_is_it_is_read_or_refused_in_one_line(value: Any) -> None:
    try:
        read_setting({"T2M": json.dumps(value)}, "T2M", _Outer, "there")
    except ConfigError as error:
        found = str(error)
    else:
        return
    assert found.startswith("T2M: ")
    assert found.endswith("; deploy again, or correct it in there")
