"""The client against real servers: several processes over one PostgreSQL, and one that dies."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from itertools import islice
from pathlib import Path

import pytest

from tests.cli.serving import Place
from tests.postgres import PostgresCluster
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.schemas.twins import TwinInput

pytestmark = pytest.mark.slow


def end(pid: int) -> None:
    """Kill a process and wait until its connections are closed: what is sent over one before that is answered by
    nobody, and not sent again unless it may be done twice.
    """
    handle = os.pidfd_open(pid)
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    assert select.select([handle], [], [], 60.0)[0]
    os.close(handle)


def children(process: subprocess.Popen[bytes]) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def test_several_processes_serve_one_socket(postgres: PostgresCluster, tmp_path: Path) -> None:
    with postgres.database() as url:
        place = Place(tmp_path, {"T2M_DATABASE_URL": url})
        with place.server("--workers", "2") as process:
            workers = children(process)
            assert len(workers) == 2
            server = place.done("db", "status", "--json").json["served"]
            with Client(Http(server, key=place.key)) as client:
                heard: list[str] = []
                follow = client.events.follow(after=0, kind="twin.")
                listener = threading.Thread(
                    target=lambda: heard.extend(event.message for event in islice(follow, 3)), daemon=True
                )
                listener.start()
                source = Path(place.twin).read_text().replace("    processor: code/sensor.py\n", "")
                for number in range(3):
                    if number == 1:
                        end(workers[0])  # whatever it served is asked of another one
                    client.twins.create(TwinInput(source=source.replace("greenhouse", f"twin-{number}")))
                listener.join(60)
            assert [text.split()[0] for text in heard] == ["twin-0", "twin-1", "twin-2"]
            deadline = time.monotonic() + 60
            while len(set(children(process)) - {workers[0]}) < 2:
                assert time.monotonic() < deadline, "one that died is started anew"
                time.sleep(0.1)
            everybody = children(process)
        assert process.returncode == 0
        assert not [worker for worker in everybody if Path(f"/proc/{worker}").exists()]


def test_several_processes_need_postgresql(tmp_path: Path) -> None:
    refused = Place(tmp_path)("serve", "--port", "0", "--workers", "2")
    assert (refused.code, "need PostgreSQL" in refused.err) == (2, True)
