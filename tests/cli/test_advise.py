"""`advise` about a twin in a real sandbox: what it holds, what moving it costs, and the command that moves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.serving import Place

pytestmark = pytest.mark.slow


def test_a_sandboxed_twin_is_advised_and_moved_as_advised(tmp_path: Path) -> None:
    place = Place(tmp_path, env={"T2M_ADVICE_LEAST_SAVING_USD": "0.01", "T2M_ADVICE_LEAST_SAVING_PCT": "0"})
    place.done("twins", "create", place.twin)
    refused = place("advise", "greenhouse")
    assert (refused.code, "is not deployed anywhere" in refused.err) == (6, True), refused.err
    place.done("twins", "optimize", "greenhouse", "--providers", "azure", "--take")
    # A new version follows no proposal's constraints, so that it may go to any cloud.
    twin = tmp_path / "twin.yaml"
    twin.write_text(twin.read_text().replace("count: 3", "count: 4"))
    place.done("twins", "edit", "greenhouse", place.twin, "--seen", "2")
    place.done("deploy", "greenhouse", "--target", "sandbox", "--yes", "--brief")
    try:
        found = place.done("advise", "greenhouse", "--json").json
        assert found["worth"] is True
        proposed = found["proposed"]
        assert proposed["saving_usd_per_month"] * 12 > proposed["usd_once"]
        assert found["usd_per_month"] - proposed["saving_usd_per_month"] == pytest.approx(proposed["usd_per_month"])
        assert {move["source"].split(".")[0] for move in proposed["moves"]} == {"azure"}
        text = place.done("advise", "greenhouse").out
        for move in proposed["moves"]:
            assert f"twin2multicloud move greenhouse --slot {move['slot']} --to {move['target']}" in text
        assert f"${proposed['saving_usd_per_month']:,.2f}" in text
        with place.served() as url:
            served = place("advise", "greenhouse", "--server", url, "--json", env={"T2M_API_KEY": place.key})
            assert served.json["proposed"]["slots"] == proposed["slots"]
        # A thousand times as many messages are another question.
        busy = place.done("advise", "greenhouse", "--messages", "1000", "--json").json
        assert busy["observed"] == 1000
        assert busy["usd_per_month"] > found["usd_per_month"]
        move = next(each for each in proposed["moves"] if each["slot"] == "L5")
        place.done("move", "greenhouse", "--slot", "L5", "--to", move["target"], "--yes", "--json")
        after = place.done("advise", "greenhouse", "--json").json
        assert after["usd_per_month"] < found["usd_per_month"]
        assert "L5" not in (after["proposed"] or {"slots": []})["slots"]
    finally:
        place.done("destroy", "greenhouse", "--discard-data", "--yes", "--json")
