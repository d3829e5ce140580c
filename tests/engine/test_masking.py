"""Secrets are hidden however they are written."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from twin2multicloud.deployer.engine.masking import Masker

KEY = (
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQDbX1\n-----END PRIVATE KEY-----\n"
)
GOOGLE = json.dumps(
    {"type": "service_account", "project_id": "berlin-1234", "private_key": KEY, "client_email": "ada@berlin.iam"}
)


def test_a_secret_is_hidden_as_it_is_and_as_json_has_it() -> None:
    secret = 'a"b\\c<d>&é-long'
    masker = Masker([secret])
    assert masker.text(f"before {secret} after") == "before *** after"
    for ascii_only in (True, False):
        text = json.dumps({"message": f"got {secret}"}, ensure_ascii=ascii_only)
        assert json.loads(masker.text(text)) == {"message": "got ***"}
    as_go_writes = '{"m":"a\\"b\\\\c\\u003cd\\u003e\\u0026é-long"}'
    assert masker.text(as_go_writes) == '{"m":"***"}'


def test_of_a_cloud_s_key_file_the_key_is_hidden_line_by_line_and_nothing_else() -> None:
    masker = Masker([GOOGLE])
    assert "MIIEvQ" not in masker.text(KEY)
    assert "AASCBK" not in masker.text("error near AASCBKcwggSjAgEAAoIBAQDbX1 in key")
    harmless = "project berlin-1234 of service_account ada@berlin.iam"
    assert masker.text(harmless) == harmless


def test_a_secret_that_holds_another_leaves_nothing() -> None:
    masker = Masker(["password", "password-of-ada"])
    assert masker.text("password-of-ada password") == "*** ***"


def test_what_is_too_short_to_be_a_secret_stays() -> None:
    assert Masker(["eu", "", "westus"]).text("eu westus") == "eu westus"


def test_secrets_can_come_later() -> None:
    masker = Masker()
    assert masker.text("key-of-a-link") == "key-of-a-link"
    masker.add(["key-of-a-link"])
    assert masker.text("key-of-a-link") == "***"


TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="*")


@given(st.text(TEXT, min_size=8, max_size=40), st.text(TEXT, max_size=20), st.text(TEXT, max_size=20))
def test_no_secret_is_left_in_any_line(secret: str, before: str, after: str) -> None:
    for ascii_only in (True, False):
        written = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        assert written not in Masker([secret]).text(f"{before}{written}{after}")
