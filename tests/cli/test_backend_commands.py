"""Commands about events, people, keys, connections and the audit log."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.serving import Place, seen

ACCOUNT = """\
provider: aws
name: production
config: {account_id: "123456789012"}
credentials: {access_key_id: AKIAABCDEFGHIJKLMNOP, secret_access_key: "hidden/words/of/forty/signs/and/no/more."}
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    (found.directory / "account.yaml").write_text(ACCOUNT.replace("more.", "more+"))
    return found


LOOKING = [
    ("events",),
    ("events", "--kind", "twin.", "--json", "-n", "3"),
    ("events", "--after", "1", "--twin", "greenhouse"),
    ("events", "--twin", "nobody"),
    ("errors",),
    ("audit", "--limit", "3"),
    ("audit", "--action", "connection.", "--json"),
    ("audit", "--since", "yesterday"),
    ("connections", "list"),
    ("connections", "show", "production"),
    ("connections", "show", "other"),
    ("connections", "choose", "greenhouse", "--json"),
    ("users", "list"),
    ("users", "change", "@me", "--no-admin"),
    ("workspaces", "list", "--json"),
    ("workspaces", "members", "default"),
    ("workspaces", "members", "elsewhere"),
    ("keys", "list", "--json"),
    ("keys", "revoke", "key_nothing"),
    ("keys", "create", "x", "--scope", "everything"),
]


def unused(text: str) -> str:
    """Without when a key was used last."""
    return re.sub(r'"last_used_at": .*', "", text)


@pytest.mark.slow
def test_looking_says_the_same_with_a_server_and_without(place: Place) -> None:
    place.done("twins", "create", place.twin)
    place.done("connections", "create", str(place.directory / "account.yaml"))
    place.done("connections", "choose", "greenhouse", "production")
    place.done("keys", "create", "pipeline")
    without = [place(*arguments) for arguments in LOOKING]
    with place.served() as url:
        served = [place(*arguments, "--server", url, env={"T2M_API_KEY": place.key}) for arguments in LOOKING]
    for arguments, first, second in zip(LOOKING, without, served, strict=True):
        assert (first.code, unused(first.out), first.err) == (second.code, unused(second.out), second.err), arguments
    codes = [outcome.code for outcome in without]
    assert codes == [0, 0, 0, 6, 0, 0, 0, 4, 0, 0, 6, 0, 0, 6, 0, 0, 6, 0, 6, 2]
    assert "twin.created" in without[0].out
    assert without[2].out.count("\n") == 1
    assert "hidden" not in "".join(outcome.out + outcome.err for outcome in without)


@pytest.mark.slow
def test_a_twin_is_optimized_placed_and_planned(place: Place) -> None:
    place.done("twins", "create", place.twin)
    proposed = place.done("twins", "optimize", "greenhouse", "--providers", "aws,azure", "--json").json
    assert proposed["usd_per_month"] == pytest.approx(proposed["result"]["usd_per_month"])
    assert place("runs", "start", "plan", "greenhouse").code == 6, "a proposal places nothing"
    place.done("twins", "place", "greenhouse", "--proposal", proposed["id"])
    other = "azure" if proposed["result"]["placement"]["L3.hot"]["provider"] == "aws" else "aws"
    decided = place.done("twins", "place", "greenhouse", f"L3.hot={other}")
    assert "more than the cheapest" in decided.err
    assert "▲ not cost-optimal" in decided.err
    for arguments, code, told in (
        (("L3.hot",), 2, "is no SLOT=WHAT"),
        ((), 2, "say what to change"),
        (("L3.hot=nonsense",), 4, "is not a provider"),
    ):
        refused = place("twins", "place", "greenhouse", *arguments)
        assert (refused.code, told in refused.err) == (code, True), refused.err
    # Without a server its own process carries the run out.
    planned = place.done("runs", "start", "plan", "greenhouse")
    assert "Plan: " in planned.out
    assert "✓ planned" in planned.err
    again = place.done("runs", "watch", "greenhouse")
    assert again.out == planned.out
    assert place.done("runs", "show", "greenhouse/1").out.endswith(planned.out)
    assert place.done("runs", "list", "--json").json[0]["status"] == "succeeded"


def test_credentials_come_from_files_and_are_never_told(place: Place) -> None:
    given = ACCOUNT.encode()
    wrong = place("connections", "create", "-", stdin=given)
    assert wrong.code == 4
    assert "credentials.secret_access_key: is not a secret access key" in wrong.err
    assert "hidden" not in wrong.out + wrong.err
    misplaced = given.replace(b"name: production", b"name: [hidden]")
    assert "hidden" not in place("connections", "create", "-", "--json", stdin=misplaced).out
    made = place.done("connections", "create", "-", "--json", stdin=given.replace(b"more.", b"more+"))
    assert "hidden" not in made.out
    assert made.json["config"]["account_id"] == "123456789012"
    place.done("connections", "rename", "production", "main")
    renewed = given.replace(b"more.", b"more+").replace(b"production", b"renewed")
    place.done("connections", "replace", "main", "-", stdin=renewed)
    assert place("connections", "delete", "renewed").code == 8
    place.done("connections", "delete", "renewed", "--yes")
    assert place.done("connections", "list").out.startswith("no connections")


def test_examples_of_accounts_are_whole_but_for_their_secrets(place: Place) -> None:
    for cloud in ("aws", "azure", "gcp"):
        example = place.done("connections", "example", cloud).out
        outcome = place("connections", "create", "-", stdin=example.encode())
        assert outcome.code in (0, 4), outcome.err
        assert all("credentials" in line for line in outcome.err.splitlines() if line.startswith("error")), outcome.err


def test_a_key_is_written_alone_and_works(place: Place) -> None:
    made = place.done("keys", "create", "pipeline", "--scope", "read", "--days", "7")
    key = made.out.strip()
    assert key.startswith("t2m_")
    assert key not in made.err
    listed = place.done("keys", "list", "--holding", "--json").json
    [mine] = [each for each in listed if each["name"] == "pipeline"]
    assert mine["scopes"] == ["read"]
    place.done("keys", "revoke", mine["id"])
    assert "revoked" in place.done("keys", "list").out


def test_workspaces_come_and_go(place: Place) -> None:
    place.done("workspaces", "create", "berlin")
    ambiguous = place("connections", "list")
    assert (ambiguous.code, "--workspace: say in which one" in ambiguous.err) == (2, True)
    place.done("connections", "list", "--workspace", "berlin")
    place.done("workspaces", "rename", "berlin", "munich")
    alone = place("workspaces", "take-out", "munich", "@me")
    assert alone.code == 6, "somebody has to own it"
    assert place("workspaces", "delete", "munich").code == 8
    place.done("workspaces", "delete", "munich", "--yes")
    nobody = place("workspaces", "let-in", "default", "nobody@example.org")
    assert (nobody.code, "nobody@example.org" in nobody.err) == (6, True)
    assert place("users", "change", "@me").code == 2


@pytest.mark.slow
def test_following_tells_at_once_survives_a_restart_and_ends_with_ctrl_c(place: Place) -> None:
    place.done("twins", "create", place.twin)
    with place.served() as url:
        port = url.rpartition(":")[2]
        environment = {**os.environ, **place.env, "T2M_API_KEY": place.key}
        log = place.directory / "followed"
        with log.open("wb") as output:
            follower = subprocess.Popen(
                [sys.executable, "-m", "twin2multicloud", "events", "-f", "--server", url, "-n", "1"],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            seen(log, "twin.created")
            place.done("twins", "edit", "greenhouse", place.twin)
            seen(log, "is at version 2")
            # Between the two servers it is changed without any.
            with_same_port = ("--port", port)
        except AssertionError:
            follower.kill()
            raise
    try:
        place.done("twins", "edit", "greenhouse", place.twin)
        with place.served(*with_same_port):
            seen(log, "is at version 3")
            place.done("twins", "edit", "greenhouse", place.twin)
            seen(log, "is at version 4")
            follower.send_signal(signal.SIGINT)
            assert follower.wait(20) == 130
    finally:
        follower.kill()
        follower.wait()
    told = log.read_text()
    assert [told.count(f"is at version {number}") for number in (2, 3, 4)] == [1, 1, 1]
    assert "Traceback" not in told
