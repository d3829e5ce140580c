"""Metrics, and whether the server lives and can work."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from tests.app.backends import Person, Site, site
from twin2multicloud.app.settings import read_settings
from twin2multicloud.model.errors import InvalidInputError

TOKEN = "a-token-for-prometheus-only"


def figures(told: str) -> dict[tuple[str, ...], float]:
    """Name and the values of labels → value."""
    return {
        (sample.name.removeprefix("twin2multicloud_"), *[sample.labels[name] for name in sorted(sample.labels)]): (
            sample.value
        )
        for family in text_string_to_metric_families(told)
        for sample in family.samples
    }


def test_requests_streams_runs_and_connections_are_counted(here: Site, owner: Person) -> None:
    admin = here.person("ada", admin=True)
    run = here.run(owner, status="applying")
    here.run(owner, status="failed")
    owner.get("twins")
    owner.get("twins")
    owner.call("GET", "nowhere/canary", code=404)
    owner.call("GET", f"runs/{run}/events/stream?follow=false", code=200)
    owner.http.request("BREW", "/api/v1/twins")
    answer = admin.call("GET", "/metrics", code=200)
    assert answer.headers["content-type"].startswith("text/plain")
    found = figures(answer.text)
    assert found["http_requests_total", "GET", "/api/v1/twins", "200"] == 2
    assert found["http_requests_total", "GET", "-", "404"] == 1
    assert found["http_requests_total", "OTHER", "/api/v1/twins", "405"] == 1
    assert found["http_request_seconds_count", "GET", "/api/v1/twins"] == 2
    assert found["http_requests_total", "GET", "/api/v1/runs/{run}/events/stream", "200"] == 1
    assert ("http_request_seconds_count", "GET", "/api/v1/runs/{run}/events/stream") not in found
    assert (found["runs", "applying"], found["runs", "failed"]) == (1, 1)
    assert found["streams_open",] == 0
    assert found["streams_ended_total", "done"] == 1
    assert found["database_connections", "used"] + found["database_connections", "idle"] >= 1
    assert found["process_resident_memory_bytes",] > 0
    assert "canary" not in answer.text


def test_a_scraper_has_a_token_of_its_own(sqlite_file: str, tmp_path: Path) -> None:
    with site(tmp_path / "data", sqlite_file, metrics_token=TOKEN) as here:
        for path, token, code in (
            ("/metrics", TOKEN, 200),
            ("/metrics", TOKEN + "x", 401),
            ("/metrics", "", 401),
            ("/api/v1/twins", TOKEN, 401),
        ):
            answer = here.http.get(path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == code, (path, token)
        by_address = {"Authorization": f"Bearer {TOKEN}", "Host": "10.1.2.3:8080"}
        assert here.http.get("/metrics", headers=by_address).status_code == 200, "as a scraper calls it"
        assert here.http.get("/api/v1/twins", headers=by_address).status_code == 421
        assert TOKEN not in repr(here.backend.settings)
    with pytest.raises(InvalidInputError, match="metrics_token"):
        read_settings(metrics_token="short")


def test_a_server_is_ready_when_its_tables_are_those_it_needs(here: Site) -> None:
    assert here.http.get("/health/ready").status_code == 200
    with here.backend.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert here.http.get("/health/ready").status_code == 503
    assert here.http.get("/health/live").status_code == 200
