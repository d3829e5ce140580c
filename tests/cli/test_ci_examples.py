"""The ready examples for pipelines: what they run, in a repository with two revisions of a twin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import call

EXAMPLES = Path(__file__).parents[2] / "examples/ci"
GITHUB: dict[str, Any] = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())
GITLAB: dict[str, Any] = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text())
GH = """#!/bin/sh
echo "$@" >> "$HERE/calls"
case "$*" in *--paginate*) cat "$HERE/comments" ;; *) cp "$OUTPUT" "$HERE/posted" ;; esac
"""

pytestmark = pytest.mark.slow


def step(name: str) -> str:
    """What a step of GitHub's job runs."""
    return str(next(each["run"] for each in GITHUB["jobs"]["cost"]["steps"] if each.get("name") == name))


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=ann", "-c", "user.email=ann@example.org")
    return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def base(here: Path) -> str:
    """The revision that a repository's twin had before somebody made it send more, under the example's policy."""
    git("init", "-q", "-b", "main", ".")
    assert call("init", "twin.yaml").code == 0
    (here / "policy.yaml").write_text((EXAMPLES / "policy.yaml").read_text())
    git("add", "-A")
    git("commit", "-q", "-m", "a twin")
    twin = here / "twin.yaml"
    twin.write_text(twin.read_text().replace("message_interval_s: 120", "message_interval_s: 100"))
    return git("rev-parse", "HEAD")


def bash(script: str, here: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script as GitHub does (`bash -e`)."""
    path = f"{here / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(here), "HERE": str(here), "TWIN": "twin.yaml", **environment}
    return subprocess.run(["bash", "-e", "-c", script], cwd=here, env=env, capture_output=True, text=True, timeout=120)


def github(here: Path, base: str) -> tuple[subprocess.CompletedProcess[str], Mapping[str, str]]:
    """The step that compares, and its outputs."""
    files = {"GITHUB_OUTPUT": here / "outputs", "GITHUB_STEP_SUMMARY": here / "summary", "OUTPUT": here / "cost.md"}
    done = bash(step("compare"), here, BASE=base, **{name: str(path) for name, path in files.items()})
    lines = files["GITHUB_OUTPUT"].read_text().splitlines() if files["GITHUB_OUTPUT"].exists() else []
    return done, dict(line.split("=", 1) for line in lines)


def test_github_compares_and_passes(here: Path, base: str) -> None:
    done, outputs = github(here, base)
    assert (done.returncode, outputs) == (0, {"code": "0"}), done.stderr
    written = (here / "cost.md").read_text()
    assert written.startswith("<!-- twin2multicloud check smart-home -->\n### smart-home: $")
    assert "✅ max_increase_pct" in written
    assert (here / "summary").read_text() == written


def test_github_fails_by_the_policy_after_commenting(here: Path, base: str) -> None:
    (here / "policy.yaml").write_text("max_usd_per_month: 1\n")
    done, outputs = github(here, base)
    assert (done.returncode, outputs) == (0, {"code": "9"}), done.stderr
    assert "❌ max_usd_per_month" in (here / "cost.md").read_text()
    judge = bash(step("judge"), here)
    assert (judge.returncode, judge.stdout.startswith("::error::")) == (9, True)
    condition = next(each["if"] for each in GITHUB["jobs"]["cost"]["steps"] if each.get("name") == "judge")
    assert condition == "steps.compare.outputs.code == '9'"


def test_github_has_a_twin_that_is_wrong_fail_at_once(here: Path, base: str) -> None:
    (here / "twin.yaml").write_text("name: x\n")
    done, outputs = github(here, base)
    assert done.returncode in (2, 4)
    assert outputs["code"] == str(done.returncode)
    assert "error:" in done.stderr


def test_github_has_a_new_twin_held_to_the_policy_alone(here: Path, base: str) -> None:
    git("mv", "twin.yaml", "other.yaml")
    subprocess.run(["mv", "other.yaml", "new.yaml"], check=True)
    files = {"GITHUB_OUTPUT": "outputs", "GITHUB_STEP_SUMMARY": "summary", "OUTPUT": "cost.md"}
    done = bash(step("compare"), here, BASE=base, **{**files, "TWIN": "new.yaml"})
    assert done.returncode == 0, done.stderr
    assert "➖ max_increase_pct: there is no revision before" in (here / "cost.md").read_text()


@pytest.mark.parametrize(("known", "method"), [("", "--method POST"), ("4711\n4712\n", "--method PATCH")])
def test_github_keeps_one_comment_up_to_date(here: Path, base: str, known: str, method: str) -> None:
    github(here, base)
    (here / "bin").mkdir()
    (here / "bin/gh").write_text(GH)
    (here / "bin/gh").chmod(0o755)
    (here / "comments").write_text(known)
    paths = {"COMMENTS": "repos/a/b/issues/7/comments", "COMMENT": "repos/a/b/issues/comments"}
    done = bash(step("comment"), here, OUTPUT=str(here / "cost.md"), **paths)
    assert done.returncode == 0, done.stderr
    calls = (here / "calls").read_text().splitlines()
    assert calls[0].startswith("api --paginate repos/a/b/issues/7/comments --jq")
    where = "repos/a/b/issues/comments/4711" if known else "repos/a/b/issues/7/comments"
    assert calls[1].startswith(f"api {method} {where} -F body=@")
    assert (here / "posted").read_text() == (here / "cost.md").read_text()


class _Notes(BaseHTTPRequestHandler):
    """GitLab's notes of one merge request, two pages of them."""

    known: list[dict[str, Any]]
    written: list[tuple[str, str, Any]]

    def do_GET(self) -> None:
        page = int(self.path.rpartition("=")[2])
        self._answer(self.known[page - 1 : page], {"X-Next-Page": str(page + 1) if page < len(self.known) else ""})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.written.append((self.command, self.path, body))
        self._answer({}, {"token": self.headers["PRIVATE-TOKEN"]})

    do_PUT = do_POST  # noqa: N815  as above

    def _answer(self, value: Any, headers: Mapping[str, str]) -> None:
        self.send_response(200)
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def notes(known: list[dict[str, Any]]) -> Iterator[tuple[str, list[tuple[str, str, Any]]]]:
    written: list[tuple[str, str, Any]] = []
    handler = type("Notes", (_Notes,), {"known": known, "written": written})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api/v4", written
        server.shutdown()


def gitlab(here: Path, base: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (script,) = GITLAB["twin-cost"]["script"]
    return bash(script, here, CI_MERGE_REQUEST_DIFF_BASE_SHA=base, **environment)


def test_gitlab_compares_and_judges(here: Path, base: str) -> None:
    done = gitlab(here, base)
    assert done.returncode == 0, done.stderr
    assert "### smart-home: $" in done.stdout
    assert (here / "twin-cost.md").read_text() == done.stdout
    (here / "policy.yaml").write_text("max_usd_per_month: 1\n")
    assert gitlab(here, base).returncode == 9
    (here / "twin.yaml").write_text("name: x\n")
    assert gitlab(here, base).returncode in (2, 4)


@pytest.mark.parametrize("ours", [False, True])
def test_gitlab_keeps_one_note_up_to_date(here: Path, base: str, ours: bool) -> None:
    known = [{"id": 1, "body": "fine"}, {"id": 2, "body": "<!-- twin2multicloud check smart-home -->\nold"}]
    with notes(known[: 2 if ours else 1]) as (url, written):
        ids = {"CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "7"}
        done = gitlab(here, base, NOTES_TOKEN="secret", CI_API_V4_URL=url, **ids)
    assert done.returncode == 0, done.stderr
    ((method, path, body),) = written
    where = "/api/v4/projects/3/merge_requests/7/notes"
    assert (method, path) == (("PUT", f"{where}/2") if ours else ("POST", where))
    assert body["body"] == (here / "twin-cost.md").read_text()
