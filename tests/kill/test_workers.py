"""Two servers with an API each on one PostgreSQL: of two who ask at the same moment one is served, whatever server they
ask, and what a server was carrying out when it died the other one finishes.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing
from typing import Any

import httpx2
import pytest

from tests.kill.bench import Bench, Server, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("killed workers")]
ROUNDS = 4


class Caller:
    """Somebody who calls one server."""

    def __init__(self, bench: Bench, server: Server) -> None:
        headers = {"Authorization": f"Bearer {bench.owner.token}"}
        self._http = httpx2.Client(base_url=f"http://127.0.0.1:{server.port}/api/v1/", headers=headers, timeout=60.0)

    def close(self) -> None:
        self._http.close()

    def post(self, path: str, body: Any = None) -> Any:
        return self._http.post(path, json=body)


def at_once(callers: list[Caller], path: str, body: Any) -> list[Any]:
    """What each is answered when all call at the same moment."""
    answers: list[Any] = []
    together = threading.Barrier(len(callers))

    def one(caller: Caller) -> None:
        together.wait()
        answers.append(caller.post(path, body))

    threads = [threading.Thread(target=one, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def served(answers: list[Any]) -> str:
    """The run of the one who was served; the others were told of it."""
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (len(answers) - 1)
    (run,) = (answer.json()["id"] for answer in answers if answer.status_code == 201)
    for answer in answers:
        if answer.status_code == 409:
            problem = answer.json()
            assert problem["details"]["run"] == run
            assert "run " in problem["detail"]
            assert "wait for it or cancel it" in problem["detail"]
    return str(run)


def test_two_workers_are_asked_for_the_same_twin_at_once(on_postgres: Bench) -> None:
    with ExitStack() as stack:
        ask_at_once(on_postgres, stack)


def ask_at_once(bench: Bench, stack: ExitStack) -> None:
    servers = [bench.serve(name, http=True).ready() for name in ("one", "two")]
    callers = [stack.enter_context(closing(Caller(bench, server))) for server in servers for _ in range(2)]
    twin = bench.twin("house")
    path = f"twins/{twin}/runs"
    for number in range(ROUNDS):
        run = served(at_once(callers, path, {"kind": "deploy"}))
        # Called off through the other server, at once or while it is planned.
        assert callers[number % len(callers)].post(f"runs/{run}/cancel").status_code == 200
        bench.ended(run, "cancelled")
    run = served(at_once(callers, path, {"kind": "deploy", "approve": True}))
    bench.ended(run)
    bench.check_deployed(twin)
    bench.check_events(run)
    bench.check_nothing_claimed()
    bench.watcher.check()
    assert len(bench.owner.get(path)["items"]) == ROUNDS + 1


def test_what_a_dead_worker_was_doing_the_other_one_finishes(on_postgres: Bench) -> None:
    bench = on_postgres
    servers = {name: bench.serve(name).ready() for name in ("one", "two")}
    twin = bench.twin("house")
    run = bench.ask(twin, "deploy")
    bench.until_told(run, "run.applying")

    def working() -> list[Server]:
        parents = {process.parent for process in bench.processes("runs.child")}
        return [server for server in servers.values() if server.pid in parents]

    found: list[Server] = []

    def one_works() -> bool:
        found[:] = working()
        return len(found) == 1  # the one that planned it may not be quite done

    until(one_works, lambda: bench.told(run), 30.0)
    found[0].kill()
    bench.ended(run)
    bench.check_deployed(twin)
    bench.check_events(run)
    bench.check_nothing_claimed()
    bench.check_calm()
    bench.watcher.check()
