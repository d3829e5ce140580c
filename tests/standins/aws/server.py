"""A ministack of one's own: started on free loopback ports when first needed, stopped with the test process."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest

from tests.standins.ports import free_port
from twin2multicloud.runtime.adapters.aws.clients import Clients

REGION = "eu-central-1"
ROOT = Path(__file__).parents[3]
_INSTALL_S = 300
_START_S = 60
_TRY_S = 2.0


class Ministack:
    """A running server. `clients` are the adapters' own, with credentials that it takes for the account's owner."""

    def __init__(self, python: str, *, auth: bool = False) -> None:
        self.port, self.mqtt_port = free_port(), free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.home = Path(tempfile.mkdtemp(prefix="ministack-"))
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))}
        variables |= {
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_PORT": str(self.mqtt_port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "TMPDIR": str(self.home),
            "LOG_LEVEL": "WARNING",
            **({"AUTH": "true"} if auth else {}),
        }
        self.log = self.home / "log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, "-P", Path(__file__).with_name("serve_ministack.py")],
                cwd=self.home,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        atexit.register(self.stop)
        self._await()
        self.clients = self.clients_as("test", "test")

    def await_broker(self) -> None:
        """Wait until the broker answers. It makes its certificate when somebody first connects, and what they send
        meanwhile it may lose.
        """
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        deadline = time.monotonic() + _START_S
        while True:
            try:
                with (
                    socket.create_connection(("127.0.0.1", self.mqtt_port), _TRY_S) as plain,
                    context.wrap_socket(plain),
                ):
                    return
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise

    def clients_as(self, key: str, secret: str) -> Clients:
        """The adapters' clients with other credentials."""
        return Clients(session=self.session(key, secret))

    def session(self, key: str = "test", secret: str = "test") -> Any:
        """A boto3 session whose clients come here."""
        return EndpointSession(self.endpoint, aws_access_key_id=key, aws_secret_access_key=secret, region_name=REGION)

    def stop(self) -> None:
        """End the server and the functions it runs."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(5)
        shutil.rmtree(self.home, ignore_errors=True)

    def _await(self) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"ministack ended: {self.log.read_text()[-2000:]}")
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=1):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise RuntimeError(f"ministack did not start within {_START_S} s: {self.log.read_text()[-2000:]}")


class EndpointSession(boto3.session.Session):  # type: ignore[misc]  # it has no types
    """As with `AWS_ENDPOINT_URL`, without the environment of the whole test process."""

    def __init__(self, endpoint: str, **options: Any) -> None:
        super().__init__(**options)
        self._endpoint = endpoint

    def client(self, service: str, endpoint_url: str | None = None, **options: Any) -> Any:
        return super().client(service, endpoint_url=endpoint_url or self._endpoint, **options)


def ministack(*, auth: bool = False) -> Ministack:
    """The server of this test process; the test is skipped where ministack cannot be installed."""
    python, problem = _installed()
    if problem:
        pytest.skip(f"stand-in missing: ministack cannot be installed ({problem})")
    return _started(python, auth)


@functools.cache
def _started(python: str, auth: bool) -> Ministack:
    return Ministack(python, auth=auth)


@functools.cache
def _installed() -> tuple[str, str]:
    """Its Python, or why there is none."""
    script = ROOT / "scripts" / "standins-ministack"
    try:
        done = subprocess.run([script], capture_output=True, text=True, timeout=_INSTALL_S, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        return "", str(getattr(error, "stderr", "") or error).strip()[-300:]
    return done.stdout.strip(), ""
