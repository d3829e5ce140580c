"""The deployment's certificate authority: clouds that know it let in its devices, by name, and nobody else."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tests.standins.azure.rig import Certificates, make_certificates
from twin2multicloud.deployer.devices.authority import Authority, DeviceCertificate
from twin2multicloud.deployer.devices.kept import KeptDocuments
from twin2multicloud.deployer.folder import FolderDocuments
from twin2multicloud.model.errors import UsageError

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def kept(tmp_path: Path) -> KeptDocuments:
    return KeptDocuments(FolderDocuments(tmp_path))


@pytest.fixture(scope="module")
def server_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("server"))


@contextmanager
def asking(authority: Authority, certificates: Certificates, directory: Path) -> Iterator[tuple[int, list[str]]]:
    """A TLS server that lets in who shows a certificate of the authority; its port, and the names it has let in."""
    trusted = directory / "trusted.pem"
    trusted.write_bytes(authority.pem)
    context = certificates.context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(trusted)
    seen: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(raw, server_side=True) as connection:
                    subject = dict(pair[0] for pair in connection.getpeercert()["subject"])  # type: ignore[index,misc]
                    seen.append(subject["commonName"])
                    connection.sendall(b"in")
            except (ssl.SSLError, OSError):
                raw.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def connect(port: int, identity: DeviceCertificate, certificates: Certificates, directory: Path) -> bytes:
    chain, key = directory / "chain.pem", directory / "key.pem"
    chain.write_bytes(identity.chain)
    key.write_bytes(identity.key)
    context = ssl.create_default_context(cafile=str(certificates.authority))
    context.load_cert_chain(chain, key)
    with (
        socket.create_connection(("127.0.0.1", port), 5) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as connection,
    ):
        return connection.recv(10)


def test_a_server_that_knows_the_authority_lets_its_devices_in_by_name(
    kept: KeptDocuments, server_certificates: Certificates, tmp_path: Path
) -> None:
    authority = Authority.of(kept, "test-house-k3x9f", NOW)
    stranger = Authority.make("another", NOW)
    with asking(authority, server_certificates, tmp_path) as (port, seen):
        assert connect(port, authority.certify("meter-001", NOW), server_certificates, tmp_path) == b"in"
        with pytest.raises((ssl.SSLError, ConnectionError)):
            connect(port, stranger.certify("meter-001", NOW), server_certificates, tmp_path)
        ended = authority.certify("meter-002", NOW - timedelta(days=10), days=1)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            connect(port, ended, server_certificates, tmp_path)
    assert seen == ["meter-001"]


def test_openssl_agrees_with_the_chain(kept: KeptDocuments, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine")
    authority = Authority.of(kept, "test-house-k3x9f", NOW)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "device.pem").write_bytes(authority.certify("meter-001", NOW).chain)
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "ca.pem", "device.pem"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.stdout == "device.pem: OK\n", told.stderr


def test_there_is_one_authority_per_deployment(kept: KeptDocuments, tmp_path: Path) -> None:
    assert Authority.load(kept) is None
    made = Authority.of(kept, "test-house-k3x9f", NOW)
    again = Authority.of(kept, "test-house-k3x9f", NOW + timedelta(days=1))
    assert made.pem == again.pem
    assert b"PRIVATE" not in made.pem
    files = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "devices").iterdir()}
    assert files == {"authority.key": 0o600, "authority.pem": 0o600}


def test_a_certificate_is_its_devices_alone(kept: KeptDocuments) -> None:
    authority = Authority.of(kept, "t" * 80, NOW)
    one, other = authority.certify("meter-001", NOW, days=30), authority.certify("meter-001", NOW)
    first, issuer = x509.load_pem_x509_certificates(one.chain)
    first.verify_directly_issued_by(issuer)
    assert first.not_valid_before_utc < NOW
    assert (first.not_valid_after_utc, one.ends) == (NOW + timedelta(days=30),) * 2
    assert first.serial_number != x509.load_pem_x509_certificate(other.chain).serial_number
    assert one.key != other.key
    assert one.key.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert "PRIVATE" not in repr(one)


def test_nothing_outlives_its_authority(kept: KeptDocuments) -> None:
    authority = Authority.of(kept, "test-house-k3x9f", NOW)
    late = authority.ends - timedelta(days=3)
    assert authority.certify("meter-001", late).ends == authority.ends
    with pytest.raises(UsageError, match="the devices' authority ended on"):
        authority.certify("meter-001", authority.ends)


@pytest.mark.parametrize(
    ("device", "days", "told"), [("", 1, "1 to 64"), ("d" * 65, 1, "1 to 64"), ("d", 0, "days: 0")]
)
def test_wrong_wishes_are_refused(kept: KeptDocuments, device: str, days: int, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Authority.of(kept, "test-house-k3x9f", NOW).certify(device, NOW, days)


def test_what_does_not_belong_together_is_not_used(kept: KeptDocuments, tmp_path: Path) -> None:
    Authority.of(kept, "test-house-k3x9f", NOW)
    key = kept.read("authority.key")
    assert key is not None
    kept.write("authority.key", Authority.make("another", NOW).certify("d", NOW).key)
    with pytest.raises(UsageError, match=r"authority.key is not the key of authority.pem"):
        Authority.load(kept)
    kept.write("authority.key", b"nothing")
    with pytest.raises(UsageError, match="cannot be read"):
        Authority.load(kept)
    (tmp_path / "devices" / "authority.key").unlink()
    with pytest.raises(UsageError, match="has lost its key"):
        Authority.of(kept, "test-house-k3x9f", NOW)
