"""All that a run told, as one file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tests.app.backends import Person, Site
from tests.app.streaming import write
from twin2multicloud.app.events.log import NewEvent


def told(site: Site, run: str, twin: str | None, *lines: tuple[str, str, str]) -> None:
    """Have a run tell lines: severity, stack, message."""
    write(
        site,
        *(
            NewEvent(site.workspace_id, "said", message, severity, twin_id=twin, run_id=run, stack=stack)  # type: ignore[arg-type]  # it is one
            for severity, stack, message in lines
        ),
    )


def saved(person: Person, run: str, query: str = "", code: int = 200) -> Any:
    return person.call("GET", f"runs/{run}/log{query}", code=code)


def test_it_is_whole_and_in_order(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    run, other = (here.run(owner, twin) for _ in range(2))
    at = datetime.fromtimestamp(here.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    told(here, run, twin, *(("debug", "L3-hot", f"line {number} → ü") for number in range(2_500)))
    told(here, other, twin, ("info", "", "of another run"))
    told(here, run, twin, ("error", "", "over"))
    answer = saved(owner, run)
    lines = answer.text.splitlines()
    assert lines == [*(f"{at} debug   L3-hot: line {n} → ü" for n in range(2_500)), f"{at} error   over"]
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    number = owner.get(f"runs/{run}")["number"]
    assert answer.headers["content-disposition"] == f'attachment; filename="greenhouse-run-{number}.log"'
    listed = owner.get(f"runs/{run}/events?limit=200")["items"]
    answer = saved(owner, run, "?form=ndjson")
    assert [json.loads(line) for line in answer.text.splitlines()][:200] == listed
    assert answer.headers["content-disposition"].endswith('.ndjson"')
    assert saved(owner, run, "?severity=warning").text.splitlines() == lines[-1:]
    assert len(saved(owner, run, "?stack=L3-hot").text.splitlines()) == 2_500
    saved(owner, run, "?form=pdf", 422)


def test_one_that_has_told_nothing_is_empty(here: Site, owner: Person) -> None:
    run = here.run(owner)
    assert saved(owner, run).text == ""
    assert 'filename="deploy-run-' in saved(owner, run).headers["content-disposition"]
    rome = here.person("sven", workspace_id=here.workspace("rome"))
    saved(rome, run, code=404)
