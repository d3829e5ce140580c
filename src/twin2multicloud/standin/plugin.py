"""A stand-in as a plugin that Terraform itself starts: the handshake on standard output, and an end when it is due."""

from __future__ import annotations

import base64
import datetime as dt
import os
import select
import sys
from typing import Final

import grpc  # type: ignore[import-untyped]

from twin2multicloud.model.errors import UsageError
from twin2multicloud.standin.provider import Provider
from twin2multicloud.standin.rpc import Service
from twin2multicloud.standin.serving import socket_directory

_COOKIE: Final = "TF_PLUGIN_MAGIC_COOKIE"


def run(provider: Provider) -> None:
    """Serve a provider to the Terraform that started this process, until that says so or dies."""
    if _COOKIE not in os.environ:
        raise UsageError("this is a Terraform provider; Terraform starts it, see docs/standin-providers.md")
    certificate, credentials = _identity() if os.environ.get("PLUGIN_CLIENT_CERT") else ("", None)
    told, tell = os.pipe()
    with socket_directory() as directory:
        socket = directory / "plugin"
        server = Service(provider).start(f"unix:{socket}", credentials, lambda: os.close(tell))
        print(f"1|6|unix|{socket}|grpc|{certificate}", flush=True)
        # A Terraform that is killed tells nobody, but then no one reads our output any more. (Its process id would not
        # do: it may be gone before we have asked for it.)
        watch = select.poll()
        watch.register(told)
        watch.register(sys.stdout.fileno(), 0)
        watch.poll()
        provider.end()
        server.stop(grace=0.2).wait()


def _identity() -> tuple[str, grpc.ServerCredentials]:
    """A certificate for this one run, as the handshake tells it, and the credentials to serve with.

    Terraform offers a certificate, too. We do not ask for it: its key is on the curve P-521, which gRPC's TLS cannot
    check; who may connect is left to the socket's directory, which no one else can enter.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    credentials = grpc.ssl_server_credentials([(private, certificate.public_bytes(serialization.Encoding.PEM))])
    told = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode().rstrip("=")
    return told, credentials
