"""The optimizer alone: the same answers, no database, and nobody let in from elsewhere without a token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.app.backends import Clock
from tests.cli.conftest import cached
from twin2multicloud.app.api.optimizer_app import create_optimizer_app
from twin2multicloud.app.settings import Settings, read_settings
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.optimizer.pricing.book import book_texts

HERE = "http://127.0.0.1:8080"
TOKEN = "a-token-that-nobody-guesses"
SCRAPER = "a-token-for-prometheus-only"


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


def test_what_stands_before_it_is_as_in_the_whole_backend(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = alone(tmp_path, limits={"anonymous_per_minute": 1, "principal_per_minute": 5})
    with TestClient(create_optimizer_app(settings, clock=Clock()), base_url=HERE) as http, caplog.at_level("INFO"):
        answer = http.get("/api/v1/workloads", headers={"X-Correlation-Id": "asked-by-a-test"})
        assert answer.headers["x-correlation-id"] == "asked-by-a-test"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["ratelimit-policy"] == '"address";q=5;w=60'  # whom it is for, though nobody is known
        assert "GET /api/v1/workloads 200" in caplog.text
        told = http.get("/api/v1/workloads/%00")
        assert (told.status_code, told.json()["errors"][0]["field"]) == (422, "path")
        absent = http.get("/api/v1/twins").json()
        assert "this is the optimizer alone" in absent["detail"]
        assert 'route="/api/v1/workloads",status="200"} 1.0' in http.get("/metrics").text
        assert http.get("/api/v1/workloads").status_code == 200
        refused = http.get("/api/v1/workloads")
        assert (refused.status_code, refused.json()["details"]["retry_after_s"]) == (429, 12)


def test_a_token_has_a_limit_of_its_own_and_opens_the_figures(tmp_path: Path) -> None:
    settings = alone(tmp_path, optimizer_token=TOKEN, metrics_token=SCRAPER, limits={"anonymous_per_minute": 3})
    ours, scraper = {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": f"Bearer {SCRAPER}"}
    with TestClient(create_optimizer_app(settings, clock=Clock()), base_url=HERE) as http:
        assert http.get("/api/v1/workloads", headers=ours).headers["ratelimit-policy"].startswith('"address"')
        assert http.get("/api/v1/workloads", headers=ours).headers["ratelimit-policy"].startswith('"person"')
        assert http.get("/metrics", headers=ours).status_code == 200
        assert http.get("/metrics", headers=scraper).status_code == 200
        assert http.get("/api/v1/workloads", headers=scraper).status_code == 401
        assert [http.get("/health/live").status_code for _ in range(2)] == [200, 429]
        assert http.get("/api/v1/workloads", headers=ours).status_code == 200


def test_who_comes_by_a_proxy_is_told_apart_by_what_that_says(tmp_path: Path) -> None:
    settings = alone(tmp_path, trusted_proxies=["10.0.0.1"], limits={"principal_per_minute": 1})
    app = create_optimizer_app(settings, clock=Clock())
    with TestClient(app, base_url=HERE, client=("10.0.0.1", 1)) as http:
        for address, code in (("192.0.2.1", 200), ("192.0.2.1", 429), ("192.0.2.2", 200)):
            assert http.get("/api/v1/workloads", headers={"X-Forwarded-For": address}).status_code == code
    with pytest.raises(InvalidInputError, match="trusted_proxies"):
        alone(tmp_path, trusted_proxies=["proxy.example"])
