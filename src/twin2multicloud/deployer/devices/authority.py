"""The certificate authority of a deployment, which signs its devices' certificates and nobody else's.

Clouds are told its certificate and never its key. Keys are on the curve P-256, which IoT Core, IoT Hub and Google's
workload identity federation all take, and which small devices can afford.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from twin2multicloud.deployer.devices.kept import Kept
from twin2multicloud.model.errors import UsageError

CERTIFICATE: Final = "authority.pem"
KEY: Final = "authority.key"
AUTHORITY_DAYS: Final = 3650
DEVICE_DAYS: Final = 365
MOST_CHARACTERS: Final = 64
"""Of a common name (RFC 5280, ub-common-name)."""
_CLOCK_SKEW: Final = timedelta(minutes=5)
"""A device whose clock is behind takes its new certificate all the same."""
_ORGANIZATION: Final = "Twin2MultiCloud"


@dataclass(frozen=True)
class DeviceCertificate:
    """What a device proves with who it is. `chain` is its certificate followed by the authority's, as IoT Core wants
    to see them at the first connection; `key` is PKCS #8. Both are PEM. Its repr keeps the key.
    """

    device: str
    chain: bytes
    key: bytes
    ends: datetime

    def __repr__(self) -> str:
        return f"DeviceCertificate({self.device!r}, ends={self.ends:%Y-%m-%d})"


class Authority:
    """Signs certificates of devices."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key

    @classmethod
    def make(cls, name: str, now: datetime) -> Authority:
        """A new authority of a deployment, named after its stem, for ten years."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(f"Devices of {name}")
        certificate = (
            _builder(subject, subject, key.public_key(), now, now + timedelta(days=AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    @classmethod
    def load(cls, kept: Kept) -> Authority | None:
        """The deployment's authority, None if it has none yet. What does not belong together is a `UsageError`."""
        certificate, key = kept.read(CERTIFICATE), kept.read(KEY)
        if certificate is None:
            return None
        if key is None:
            raise UsageError(
                f"the devices' authority has lost its key ({KEY}); restore it, or remove {CERTIFICATE} too: "
                "then a new authority is made, and every device needs a new certificate"
            )
        try:
            known, secret = x509.load_pem_x509_certificate(certificate), load_pem_private_key(key, None)
        except ValueError as error:
            raise UsageError(
                f"the devices' authority cannot be read: {error}; restore {CERTIFICATE} and {KEY}"
            ) from None
        if not isinstance(secret, ec.EllipticCurvePrivateKey) or secret.public_key() != known.public_key():
            raise UsageError(f"{KEY} is not the key of {CERTIFICATE}; restore both from the same copy")
        return cls(known, secret)

    @classmethod
    def of(cls, kept: Kept, name: str, now: datetime) -> Authority:
        """The deployment's authority, made at the first use."""
        known = cls.load(kept)
        if known is not None:
            return known
        made = cls.make(name, now)
        # The key first: an authority that is known to exist can sign.
        kept.write(KEY, _private(made._key))
        kept.write(CERTIFICATE, made.pem)
        return made

    @property
    def pem(self) -> bytes:
        """Its certificate, which clouds are told."""
        return self._certificate.public_bytes(Encoding.PEM)

    @property
    def ends(self) -> datetime:
        """When nothing that it signed is believed any more."""
        return self._certificate.not_valid_after_utc

    def certify(self, device: str, now: datetime, days: int = DEVICE_DAYS) -> DeviceCertificate:
        """A new key and certificate of a device; the ones it had stay valid. Clouds know devices by the common name."""
        if not 0 < len(device) <= MOST_CHARACTERS:
            raise UsageError(
                f"device '{device[:80]}': a certificate's common name has 1 to {MOST_CHARACTERS} characters"
            )
        if days < 1:
            raise UsageError(f"days: {days} is no validity of a certificate; write 1 or more")
        key = ec.generate_private_key(ec.SECP256R1())
        ends = min(now + timedelta(days=days), self.ends)
        if ends <= now:
            raise UsageError(f"the devices' authority ended on {self.ends:%Y-%m-%d}; make a new one")
        certificate = (
            _builder(_name(device), self._certificate.subject, key.public_key(), now, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return DeviceCertificate(device, certificate.public_bytes(Encoding.PEM) + self.pem, _private(key), ends)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(ends)
    )


def _name(common_name: str) -> x509.Name:
    # A common name has at most 64 characters; an authority's is for people, so the rest of a long one is left out.
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:MOST_CHARACTERS]),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
