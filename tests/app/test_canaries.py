"""No secret is anywhere but where it belongs."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from starlette.testclient import TestClient

from tests.app import cloud_accounts
from tests.app.backends import START, site
from tests.app.canaries import Canaries, EscapedError, everything_logged
from tests.app.scenes import Scene
from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.auth.tokens import new_token, token_hash
from twin2multicloud.app.db.sealed import context_of
from twin2multicloud.app.db.tables import Connection, Document, Session, StateVersion
from twin2multicloud.app.services import connections, credentials, rotation


@pytest.fixture
def logged() -> Iterator[list[str]]:
    with everything_logged() as lines:
        yield lines


@pytest.fixture
def scene(logged: list[str], database_url: str, tmp_path: Path) -> Iterator[Scene]:
    with site(tmp_path / "data", database_url) as made:
        yield Scene.of(made)


@pytest.fixture
def canaries(scene: Scene) -> Canaries:
    """Every kind of secret, planted as people and the backend do it."""
    planted = Canaries()
    here, owner = scene.site, scene.owner
    for person in (*scene.people.values(), scene.admin, scene.stranger):
        planted.plant("a key of a person", person.token)
    planted.plant("a key that was just made", owner.post("keys", {"name": "ci", "scopes": ["read"]}, 201)["token"])
    _plant_connections(planted, scene)
    url = "https://93.184.215.14/canary-hook-5d0f31"
    hook = {"kind": "webhook", "name": "on call", "url": url}
    planted.plant("where a webhook leads", url)
    made = owner.post(f"workspaces/{here.workspace_id}/alert-routes", hook, 201)
    planted.plant("what a webhook is signed with", made["secret"])
    session_token, csrf = new_token(), new_token()
    planted.plant("a session", session_token)
    planted.plant("a session's second token", csrf)
    document, state = b"canary-document-7f3a91", gzip.compress(b"canary-state-55d0c2" * 3)
    planted.plant("a document", document)
    planted.plant("a state", state)
    key: dict[str, Any] = {"twin_id": scene.twin_id, "target": "clouds"}
    named = {**key, "name": "links", "line": 0}
    numbered = {**key, "stack": "aws-l1", "number": 1}
    seal = here.backend.sealer.seal
    with here.backend.database.write() as session:
        session.add(
            Session(
                token_hash=token_hash(session_token),
                csrf_hash=token_hash(csrf),
                user_id=owner.user_id,
                provider="x",
                user_agent="x",
                created_at=START,
                expires_at=START + timedelta(hours=1),
            )
        )
        session.add(Document(**named, sealed=seal(document, context_of("documents.sealed", **named))))
        session.add(
            StateVersion(
                **numbered,
                serial=1,
                lineage="x",
                md5="x",
                size=1,
                resources=1,
                run_id="x",
                created=START.timestamp(),
                sealed=seal(state, context_of("state_versions.sealed", **numbered)),
            )
        )
    here.http.get("/api/v1/twins", headers={"Cookie": f"t2m_session={session_token}; t2m_csrf={csrf}"})
    for name, master in here.backend.sealer.ring.keys.items():
        planted.plant(f"master key {name}", master)
    return planted


def _plant_connections(planted: Canaries, scene: Scene) -> None:
    certificate = cloud_accounts.certificate(password=cloud_accounts.PASSWORD)
    for name, secret in (
        ("AWS's key", cloud_accounts.SECRET_ACCESS_KEY),
        ("Azure's secret", cloud_accounts.CLIENT_SECRET),
        ("Azure's certificate", certificate),
        ("the certificate's password", cloud_accounts.PASSWORD),
        ("Google's key", cloud_accounts.private_key_pem()),
    ):
        planted.plant(name, secret)
    place = f"workspaces/{scene.site.workspace_id}/connections"
    of_a_role = cloud_accounts.aws("aws-role", role_arn="arn:aws:iam::123456789012:role/twins")
    with_certificate = cloud_accounts.azure(
        "azure-certificate", certificate=certificate, certificate_password=cloud_accounts.PASSWORD
    )
    for body in (cloud_accounts.aws(), of_a_role, cloud_accounts.azure(), with_certificate, cloud_accounts.gcp()):
        answer = scene.owner.call("POST", place, code=201, json=body)
        planted.check("the answer of a new connection", answer.content)
        one = f"{place}/{answer.json()['id']}"
        answer = scene.owner.call("PUT", one, code=200, json=body, headers={"If-Match": '"1"'})
        planted.check("the answer of a replaced connection", answer.content)
        for wrong in ({**body, "provider": "gpc"}, {**body["credentials"]}, {**body, "config": body["credentials"]}):
            answer = scene.owner.call("POST", place, code=422, json=wrong)
            planted.check("the refusal of a connection", answer.content)


def test_no_secret_is_anywhere_else(
    canaries: Canaries, scene: Scene, logged: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    backend = scene.site.backend
    assert canaries.crawl(scene) >= 60
    with backend.database.read() as session:
        for connection in session.scalars(select(Connection)):
            sign_in = connections.sign_in_of(backend, connection)
            canaries.check("what a sign-in is told as", repr(sign_in))
            with sign_in.placed(tmp_path / "data" / "scratch"):
                pass
    rotation.rotate(backend, sleep=lambda _s: None)
    for name, master in backend.sealer.ring.keys.items():
        canaries.plant(f"master key {name}", master)
    assert canaries.check_database(backend.database) > 500
    canaries.check_files(tmp_path / "data", beside=(backend.settings.keys,))
    canaries.check("the log", "\n".join(logged))
    assert any("sqlalchemy.engine" in line for line in logged)
    canaries.check("what parts are told as", repr((backend, backend.settings, backend.sealer, backend.sealer.ring)))
    told = capfd.readouterr()
    canaries.check("the output", told.out + told.err)


def test_a_defect_tells_no_secret(
    canaries: Canaries, scene: Scene, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of a function's variables nor of the values of a statement that fails."""

    def broken(given: Any, _now: Any) -> dict[str, str]:
        stolen = given.secret_access_key.get_secret_value()
        assert stolen == cloud_accounts.SECRET_ACCESS_KEY
        raise RuntimeError("something is wrong")

    place = f"/api/v1/workspaces/{scene.site.workspace_id}/connections"
    headers = {"Authorization": f"Bearer {scene.owner.token}"}
    kept = credentials.kept
    with TestClient(
        create_app(scene.site.backend), base_url="http://127.0.0.1:8080", raise_server_exceptions=False
    ) as http:
        monkeypatch.setattr(credentials, "kept", broken)
        answer = http.post(place, json=cloud_accounts.aws("new"), headers=headers)
        assert answer.status_code == 500
        canaries.check("the answer of a defect", answer.content)
        assert "something is wrong" not in answer.text
        monkeypatch.setattr(credentials, "kept", kept)
        monkeypatch.setattr(connections, "_seal", lambda *_: None)
        answer = http.post(place, json=cloud_accounts.aws("new"), headers=headers)
        assert answer.status_code == 500
        canaries.check("the answer of a statement that failed", answer.content)
    whole = "\n".join(logged)
    assert "something is wrong" in whole
    assert IntegrityError.__name__ in whole
    canaries.check("the log", whole)


@pytest.mark.parametrize(
    "spelling",
    [
        lambda secret: secret,
        lambda secret: secret.hex().encode(),
        lambda secret: base64.b64encode(b"x" + secret + b"yz"),
        lambda secret: base64.b64encode(b"xy" + secret + b"yz"),
        lambda secret: base64.urlsafe_b64encode(b"xyz" + secret),
        lambda secret: repr({"a": secret}).encode(),
    ],
)
def test_a_canary_is_found_however_it_is_spelt(spelling: Any) -> None:
    canaries = Canaries()
    secret = bytes(range(180, 212))
    canaries.plant("it", secret)
    with pytest.raises(EscapedError, match="it is in here"):
        canaries.check("here", b"before " + spelling(secret) + b" after")
    canaries.check("here", b"before and after")
