"""Child processes on free loopback ports, servers in threads, and throwaway certificates: what the stand-ins run on."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import os
import shutil
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).parents[3]
HOME = ROOT / ".tools/standins/azure"
_START_S = 60.0
TLS_CLOSE_S = 0.1


def npm_package(name: str) -> Path:
    """Where an npm stand-in is installed; without it the test is skipped."""
    if shutil.which("node") is None:
        pytest.skip("stand-in missing: no node on this machine")
    found = HOME / "node_modules" / name
    if not found.is_dir():
        pytest.skip(f"stand-in missing: {name} (scripts/standins-azure installs it)")
    return found


@contextmanager
def running(name: str, command: Sequence[str | Path], ready: Callable[[], bool], directory: Path) -> Iterator[None]:
    """A child process that is up when entered and gone, with all it started, when left. Its output is in a file."""
    log = directory / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + _START_S
            while not ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{name} did not start:\n{log.read_text(errors='replace')[-4000:]}")
                time.sleep(0.05)
            yield
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(1 if sign is signal.SIGTERM else 5)
            return


class Loop:
    """An event loop in a thread, in which fakes serve. `call` runs a coroutine there and waits for it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="stand-in", daemon=True)
        self._thread.start()

    def call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def close(self) -> None:
        self.call(self._cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    async def _cancel_all(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.loop.shutdown_default_executor()


@contextmanager
def serving(app: web.Application, context: ssl.SSLContext | None = None) -> Iterator[tuple[Loop, int]]:
    """An aiohttp application on a free loopback port; yields its loop and the port."""
    loop = Loop()
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)

    async def start() -> asyncio.Server:
        await runner.setup()
        assert runner.server is not None
        # A TLS connection that its peer just drops is closed for good within this time, not within 30 s.
        patience: dict[str, Any] = {"ssl": context, "ssl_shutdown_timeout": TLS_CLOSE_S} if context else {}
        make: Any = runner.server
        server: asyncio.Server = await loop.loop.create_server(make, "127.0.0.1", 0, **patience)
        return server

    async def stop(server: asyncio.Server) -> None:
        server.close()
        await runner.cleanup()
        await asyncio.sleep(2 * TLS_CLOSE_S if context else 0.01)

    try:
        server = loop.call(start())
        try:
            yield loop, server.sockets[0].getsockname()[1]
        finally:
            loop.call(stop(server))
    finally:
        loop.close()


@dataclass(frozen=True)
class Certificates:
    """A throwaway authority's certificate and a server's for `localhost`, as files."""

    authority: Path
    server: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """For a server."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.server, self.key)
        return context


def make_certificates(directory: Path) -> Certificates:
    """New certificates that hold for a day."""
    now = datetime.datetime.now(datetime.UTC)

    def certificate(subject: str, issuer: str, key: Any, signer: Any, *extensions: Any) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(signer, hashes.SHA256())

    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    root_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate(
        "stand-in authority",
        "stand-in authority",
        root_key,
        root_key,
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (usage, True),
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    server = certificate(
        "localhost",
        "stand-in authority",
        server_key,
        root_key,
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName(names), False),
    )
    made = Certificates(directory / "authority.pem", directory / "server.pem", directory / "server.key")
    made.authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    made.server.write_bytes(server.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        server_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return made
