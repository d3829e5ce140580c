"""Accounts at clouds as people give them: whole in form, real nowhere."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from tests.app.backends import START

SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
CLIENT_SECRET = "Q~8xT.canary_client-secret~0123456789"
PASSWORD = "open sesame, all forty"


def aws(name: str = "aws-dev", **config: Any) -> dict[str, Any]:
    """A user's access key at AWS."""
    return {
        "provider": "aws",
        "name": name,
        "config": {"account_id": "123456789012", **config},
        "credentials": {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": SECRET_ACCESS_KEY},
    }


def azure(name: str = "azure-dev", **credentials: Any) -> dict[str, Any]:
    """An application at Azure."""
    return {
        "provider": "azure",
        "name": name,
        "config": {
            "subscription_id": "3f0c2a9e-5d7b-4c1e-9a43-0b8e6f2d1c57",
            "tenant_id": "a1b2c3d4-0000-4000-8000-000000000001",
            "client_id": "a1b2c3d4-0000-4000-8000-000000000002",
        },
        "credentials": credentials or {"client_secret": CLIENT_SECRET},
    }


def gcp(name: str = "gcp-dev", **more: Any) -> dict[str, Any]:
    """A service account's key at Google Cloud; `more` are fields of it."""
    return {
        "provider": "gcp",
        "name": name,
        "config": {"project_id": "twins-2026"},
        "credentials": {"service_account_key": json.dumps({**google_key(), **more})},
    }


@cache
def _private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2_048)


def private_key_pem() -> str:
    """An RSA key."""
    return _private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def google_key() -> dict[str, str]:
    """A key file's content."""
    return {
        "type": "service_account",
        "project_id": "twins-2026",
        "private_key_id": "0123456789abcdef0123456789abcdef01234567",
        "private_key": private_key_pem(),
        "client_email": "deployer@twins-2026.iam.gserviceaccount.com",
        "client_id": "100000000000000000001",
        "token_uri": "https://oauth2.googleapis.com/token",
    }


def certificate(password: str | None = PASSWORD, days: int = 30) -> str:
    """A PKCS #12 file as base64."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "deployer")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_private_key().public_key())
        .serial_number(1)
        .not_valid_before(START - timedelta(days=60))
        .not_valid_after(START + timedelta(days=days))
        .sign(_private_key(), hashes.SHA256())
    )
    sealing = NoEncryption() if password is None else BestAvailableEncryption(password.encode())
    return base64.b64encode(pkcs12.serialize_key_and_certificates(b"x", _private_key(), made, None, sealing)).decode()
