"""What `db discard-sealed` does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from twin2multicloud.app.cli.asking import NOT_AGREED, agreed
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.terminal import print_json
from twin2multicloud.app.discarding import Loss, LostDeployment, discard
from twin2multicloud.app.services.untracked import where_to_look
from twin2multicloud.app.settings import Settings


def discard_sealed(settings: Settings, yes: bool, json_output: bool) -> int:
    """`db discard-sealed`: 8 if it was not agreed to."""
    backup = settings.data / f"before-discard-sealed-{datetime.now(UTC):%Y%m%dT%H%M%S}.zip"

    def ask(loss: Loss) -> bool:
        if not json_output:
            for line in _told(loss, settings):
                say(line)
        return yes or agreed("Discard all of this for good? Type discard", "discard")

    done = discard(settings, ask, backup)
    if done is None:
        say("not agreed to, so nothing was discarded")
        return NOT_AGREED
    if json_output:
        print_json({**_json(done), "backup": str(backup)})
        return 0
    say("✓ discarded; everything else is as it was, and the backend can be opened again")
    say(f"as it was before, it is in {backup}: should the keys be found, `db restore` it with them in place")
    if any(each.is_real for each in done.deployments):
        say("▲ `twin2multicloud alerts list` says what is left at clouds; nobody else will")
    say(f"▲ keep a copy of {settings.keys}, apart from backups")
    return 0


def _told(loss: Loss, settings: Settings) -> Iterator[str]:
    yield f"only keys that are not in {settings.keys} open this, so that it is lost without them:"
    for _, name, provider in loss.connections:
        yield f"  the credentials of the connection '{name}' ({provider}); `connections replace` gives it new ones"
    for each in loss.deployments:
        yield f"  {_lost(each)}"
    if loss.reveals:
        yield f"  one-time passwords of {loss.reveals:,} runs that nobody had shown yet"
    if loss.old_states:
        yield f"  {loss.old_states:,} older versions of states"
    if loss.sign_ins:
        yield f"  {loss.sign_ins:,} sign-ins under way; whoever was at one begins anew"
    yield "Twins with all their versions, people, keys of the API, runs, events and the audit log stay."


def _lost(each: LostDeployment) -> str:
    stacks = ", ".join(map(str, each.stacks))
    if each.target == "rehearsal":
        return f"the rehearsal of '{each.twin}', of which nothing is real"
    what = "all that is known of its deployment" if each.whole else f"the states of {', '.join(sorted(each.states))}"
    if not each.is_real:
        return f"'{each.twin}': {what}; nothing of that exists at its clouds"
    return (
        f"'{each.twin}': {what}. ▲ Its resources go on existing, and costing, and this program can neither show nor "
        f"destroy them any more: {stacks}. Find them {where_to_look(each.twin)} and remove them by hand; an alert of "
        "the twin keeps this"
    )


def _json(loss: Loss) -> dict[str, Any]:
    return {
        "connections": [{"id": id, "name": name, "provider": provider} for id, name, provider in loss.connections],
        "deployments": [
            {
                "twin": each.twin_id,
                "name": each.twin,
                "target": each.target,
                "whole": each.whole,
                "stacks": [
                    {"name": stack.name, "site": stack.site, "resources": stack.resources} for stack in each.stacks
                ],
            }
            for each in loss.deployments
        ],
        "reveals": loss.reveals,
        "sign_ins": loss.sign_ins,
        "old_states": loss.old_states,
    }
