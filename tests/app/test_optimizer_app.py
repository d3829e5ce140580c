"""The optimizer alone: the same answers, no database, and nobody let in from elsewhere without a token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.cli.conftest import cached
from twin2multicloud.app.api.optimizer_app import create_optimizer_app
from twin2multicloud.app.settings import Settings, read_settings
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.optimizer.pricing.book import book_texts

HERE = "http://127.0.0.1:8080"
TOKEN = "a-token-that-nobody-guesses"


def alone(tmp_path: Path, **given: Any) -> Settings:
    return read_settings(**{"only": "optimizer", "data": tmp_path, "optimizer_processes": 0, **given})


def test_it_answers_the_same_and_keeps_nothing(tmp_path: Path) -> None:
    with TestClient(create_optimizer_app(alone(tmp_path)), base_url=HERE) as http:
        assert http.get("/health/ready").json() == {"status": "ok"}
        answer = http.post("/api/v1/optimize", json={"scenario": "smart-home"})
        assert answer.json() == cached("optimize", "smart-home", "--json").json
        assert http.get("/api/v1/offers?slot=L4").status_code == 200
        paths = http.get("/api/v1/openapi.json").json()["paths"]
        assert "/api/v1/compare" in paths
        assert not any("twins" in path or "books" in path for path in paths)
        assert http.get("/api/v1/twins").status_code == 404
        assert http.get("/api/v1/workloads", headers={"Host": "rebound.example:8080"}).status_code == 421
        large = {"source": "x" * (5 << 20)}
        assert http.post("/api/v1/optimize", json=large).status_code == 413
    assert list(tmp_path.iterdir()) == []


def test_with_a_token_only_those_who_have_it_ask(tmp_path: Path) -> None:
    settings = alone(tmp_path, host="0.0.0.0", optimizer_token=TOKEN, public_url="http://optimizer:8080")
    with TestClient(create_optimizer_app(settings), base_url="http://optimizer:8080") as http:
        for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": f"Basic {TOKEN}"}):
            answer = http.get("/api/v1/workloads", headers=headers)
            assert answer.status_code == 401
            assert TOKEN not in answer.text
        assert http.get("/api/v1/workloads", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_it_is_not_served_to_everybody(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="optimizer_token"):
        alone(tmp_path, host="0.0.0.0")
    with pytest.raises(InvalidInputError):
        alone(tmp_path, host="0.0.0.0", optimizer_token="short")
    with pytest.raises(InvalidInputError, match="auth is 'local'"):
        read_settings(host="0.0.0.0", optimizer_token=TOKEN)


def test_by_a_book_of_ones_own(tmp_path: Path) -> None:
    for name, text in book_texts().items():
        (tmp_path / name).write_text(text.replace('version = "', 'version = "mine-', 1), "utf-8")
    with TestClient(create_optimizer_app(alone(tmp_path, prices=tmp_path)), base_url=HERE) as http:
        assert http.get("/api/v1/prices").json()["version"].startswith("mine-")
    (tmp_path / "aws.toml").write_text("provider = 1")
    with pytest.raises(InvalidInputError):
        create_optimizer_app(alone(tmp_path, prices=tmp_path))
