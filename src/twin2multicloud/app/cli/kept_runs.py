"""What `plan`, `deploy`, `redeploy`, `destroy`, `move`, `drift` and `rotate-keys` do with a kept twin: a run each.

What is shown and written is what the same commands show and write of a twin that is deployed from a directory.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twin2multicloud.app.cli import runs
from twin2multicloud.app.cli.failures import error_json, say
from twin2multicloud.app.cli.run_request import StartRequest
from twin2multicloud.app.cli.run_view import Nothing, RunView, UntilPlanned
from twin2multicloud.app.cli.terminal import output, print_json
from twin2multicloud.app.cli.which import target_of
from twin2multicloud.app.errors import BackendError
from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from twin2multicloud.app.client.client import Client
    from twin2multicloud.app.schemas.runs import Run
    from twin2multicloud.app.schemas.twins import Target


class NotDoneError(BackendError):
    """A run did not do what was asked, or waits for somebody to agree."""

    name = "not-done"


def carry_out(client: Client, request: StartRequest, said: Target | None, *, dry_run: bool = False) -> int:
    """Have a kept twin's run carried out, and show it; the exit code for how it ended.

    `said` is the target that was said, None for the one where the twin is. `dry_run`: a move is only planned.
    """
    twin = client.twins.get(client.twins.find(request.twin))
    request = replace(request, twin=twin.id, target=target_of(request.kind, twin.name, twin.life, said))
    if dry_run:
        return _dry_run(client, request)
    run = client.runs.create(twin.id, request.body())
    if request.detach:
        return runs.asked_for(run, request.json_output)
    if request.json_output:
        return _document(runs.follow(client, run, Nothing(), ask=True))
    runs.say_begun(run)
    ended = runs.follow(client, run, RunView(brief=request.brief, without=("drift",)), ask=True)
    if ended.status == "succeeded":
        _result(ended)
    return runs.code_of(ended)


def _dry_run(client: Client, request: StartRequest) -> int:
    """Show what a move takes. Its run is declined then: nothing was done, and the twin is free for others."""
    if request.kind != "move" or request.resume or request.abort or request.yes or request.detach:
        raise UsageError("--dry-run plans a new move and ends: give --slot and --to, and no --yes or --detach")
    run = client.runs.create(request.twin, request.body())
    view = Nothing() if request.json_output else RunView()
    try:
        planned = runs.follow(client, run, UntilPlanned(view), ask=False)
    except KeyboardInterrupt:
        client.runs.cancel(run.id)
        raise
    if planned.status != "awaiting-approval":
        return _not_done(planned) if request.json_output else runs.code_of(planned)
    client.runs.decide(run.id, agreed=False)
    if request.json_output:
        print_json((planned.plan or {})["estimate"])
    else:
        say(f"nothing was moved: run {runs.name_of(run)} only planned it, and is declined")
    return 0


def _document(run: Run) -> int:
    """What a run came to, as JSON; its exit code."""
    result = run.result or {}
    if run.status != "awaiting-approval" and run.kind in ("deploy", "redeploy", "destroy"):
        done = run.status == "succeeded"
        told = {} if done else {"problem": run.problem or f"run {runs.name_of(run)} was {run.status}"}
        print_json({"done": done, "run": run.id, **told, "stacks": {}, **result})
    elif run.status != "succeeded":
        return _not_done(run)
    else:
        # A move that an earlier process of the same run had ended has no report any more, only where everything is.
        documents: dict[str, Any] = {"plan": run.plan, "drift": result.get("drift"), "move": result.get("report")}
        print_json(documents.get(run.kind) or ([] if run.kind == "drift" else result))
    return runs.code_of(run)


def _not_done(run: Run) -> int:
    """Write as an error that a run did not do what was asked, or waits for somebody; the run's exit code."""
    name = runs.name_of(run)
    waits = f"run {name} waits: `twin2multicloud runs approve {name}` agrees to its plan, `decline` does not"
    told = waits if run.status == "awaiting-approval" else run.problem or f"run {name} was {run.status}"
    print_json({"error": error_json(NotDoneError(told, details={"run": run.id, "status": run.status}))})
    return runs.code_of(run)


def _result(run: Run) -> None:
    """What a run that succeeded came to, for people; what its events have not told."""
    import msgspec

    result = run.result or {}
    if run.kind == "drift":
        _drift(run, result)
    elif run.kind == "rotate-keys":
        say(f"{result.get('links', 0)} links have new keys")
    elif run.kind == "move" and "report" in result:
        from twin2multicloud.app.cli.move_view import print_report
        from twin2multicloud.moving.steps import Report

        with output() as console:
            print_report(console, msgspec.convert(result["report"], type=Report))


def _drift(run: Run, result: dict[str, Any]) -> None:
    if run.target == "sandbox":
        away = ", ".join(each["stack"] for each in result["drift"])
        say(f"not running: {away}" if away else "every cloud runs what was deployed")
        return
    import msgspec

    from twin2multicloud.app.cli.status_view import print_drift
    from twin2multicloud.deployer.deploying import Drift

    with output() as console:
        print_drift(console, msgspec.convert(result["drift"], type=list[Drift]))
    if result["clean"]:
        say("nobody changed anything")
