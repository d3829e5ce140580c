"""Secrets at rest: envelope encryption.

Each secret has a data key of its own (AES-256-GCM), which is wrapped by a master key; rotating the master key wraps
data keys anew and touches no secret. What a secret is for (`context`, such as "connection/con_1") is authenticated with
it: moved to another row it cannot be opened.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from twin2multicloud.model.errors import Twin2MultiCloudError, UsageError

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_NAME: Final = re.compile(r"k(\d{1,9})")


class SealError(Twin2MultiCloudError):
    """A secret cannot be opened: its key is not there, or it was changed (exit code 6)."""

    exit_code = 6


class _KeyFile(msgspec.Struct, forbid_unknown_fields=True):
    current: str
    keys: dict[str, str]


class _Envelope(msgspec.Struct, array_like=True, frozen=True):
    form: int
    key: str
    wrap_nonce: bytes
    wrapped: bytes
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True)
class KeyRing:
    """Master keys by name, and the name of the one that new secrets are sealed with. Never printed."""

    current: str
    keys: dict[str, bytes]

    def __repr__(self) -> str:
        return f"KeyRing({self.current}, {len(self.keys)} keys)"

    @classmethod
    def parse(cls, text: str | bytes, source: str) -> Self:
        """Keys as a key file has them; `UsageError` if it is none."""
        try:
            found = msgspec.json.decode(text, type=_KeyFile)
            keys = {name: base64.b64decode(key, validate=True) for name, key in found.keys.items()}
        except (msgspec.DecodeError, ValueError) as error:
            raise UsageError(f"{source} is no key file of ours; `twin2multicloud db keys` makes one") from error
        if found.current not in keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise UsageError(f"{source} lacks its current key, or has a key that is not {_KEY_BYTES} bytes long")
        return cls(found.current, keys)

    @classmethod
    def of(cls, file: Path) -> Self:
        """The keys in a file, made with a first key where there is none. `UsageError` if others may read it."""
        if not file.exists():
            fresh = cls("", {}).with_new(secrets.token_bytes)
            fresh.save(file, new=True)
        if file.stat().st_mode & 0o077:
            raise UsageError(f"{file} may be read by others; chmod 600 {file}")
        return cls.parse(file.read_bytes(), str(file))

    def with_new(self, random: Callable[[int], bytes]) -> Self:
        """The same with one more key, which is the current one."""
        # Counted on from the highest: a name that was used before would be taken for the key that it named then.
        numbers = [int(found[1]) for found in map(_NAME.fullmatch, self.keys) if found is not None]
        name = f"k{max(numbers, default=0) + 1}"
        return type(self)(name, {**self.keys, name: random(_KEY_BYTES)})

    def only_current(self) -> Self:
        """Without the keys that nothing is sealed with any more."""
        return type(self)(self.current, {self.current: self.keys[self.current]})

    def fingerprints(self) -> dict[str, str]:
        """What tells master keys apart without telling them, by their names: they are random, so that nothing can be
        guessed from it.
        """
        return {
            name: hashlib.sha256(b"twin2multicloud key\0" + key).hexdigest()[:16] for name, key in self.keys.items()
        }

    def save(self, file: Path, *, new: bool = False) -> None:
        """Write the key file (0600), whole or not at all. `new`: never over an existing one."""
        document = _KeyFile(self.current, {name: base64.b64encode(key).decode() for name, key in self.keys.items()})
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(msgspec.json.format(msgspec.json.encode(document)))
            stream.flush()
            os.fsync(stream.fileno())
        try:
            if new:
                # Linked, not renamed: of two who make the first key at once, one keeps it and both use it.
                try:
                    os.link(draft, file)
                except FileExistsError:
                    return
            else:
                draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)


class KeyFile:
    """The key file, looked at again before every use: another process may have added a key to it, and what is sealed
    from then on must be so with that one. Threads may share it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read: tuple[tuple[int, ...], KeyRing] | None = None
        self.ring()

    def ring(self) -> KeyRing:
        """Its keys now. `UsageError` if it is gone, since what is sealed with keys that are nowhere is lost."""
        read = self._read
        try:
            there = self._file.stat()
        except FileNotFoundError:
            if read is not None:
                raise UsageError(f"the key file {self._file} is gone; put it back from a backup") from None
            there = None
        if there is not None:
            mark = (there.st_ino, there.st_mtime_ns, there.st_size)
            if read is not None and read[0] == mark:
                return read[1]
        ring = KeyRing.of(self._file)
        there = self._file.stat()
        self._read = ((there.st_ino, there.st_mtime_ns, there.st_size), ring)
        return ring


class Sealer:
    """Seals and opens secrets, with a key ring or with what a key file holds at that time."""

    def __init__(self, keys: KeyRing | KeyFile, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._keys = keys
        self._random = random

    @property
    def ring(self) -> KeyRing:
        """The keys in use."""
        return self._keys if isinstance(self._keys, KeyRing) else self._keys.ring()

    def seal(self, secret: bytes, context: str) -> bytes:
        """A secret, so that only this key ring opens it, and only for this context."""
        key, nonce, wrap_nonce = self._random(_KEY_BYTES), self._random(_NONCE_BYTES), self._random(_NONCE_BYTES)
        ring = self.ring
        wrapped = AESGCM(ring.keys[ring.current]).encrypt(wrap_nonce, key, context.encode())
        ciphertext = AESGCM(key).encrypt(nonce, secret, context.encode())
        return msgspec.msgpack.encode(_Envelope(1, ring.current, wrap_nonce, wrapped, nonce, ciphertext))

    def key_name(self, sealed: bytes) -> str:
        """The name of the master key that a secret is sealed with."""
        return _envelope(sealed).key

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed; `SealError` if that cannot be."""
        envelope = _envelope(sealed)
        try:
            key = AESGCM(_key(self.ring, envelope.key)).decrypt(envelope.wrap_nonce, envelope.wrapped, context.encode())
            return AESGCM(key).decrypt(envelope.nonce, envelope.ciphertext, context.encode())
        except InvalidTag as error:
            raise SealError(f"what is stored for {context} was changed, or belongs elsewhere") from error

    def rewrap(self, sealed: bytes, context: str) -> bytes:
        """The same secret under the current master key; the very same bytes if it is already."""
        envelope, ring = _envelope(sealed), self.ring
        if envelope.key == ring.current:
            return sealed
        try:
            key = AESGCM(_key(ring, envelope.key)).decrypt(envelope.wrap_nonce, envelope.wrapped, context.encode())
        except InvalidTag as error:
            raise SealError(f"what is stored for {context} was changed, or belongs elsewhere") from error
        nonce = self._random(_NONCE_BYTES)
        wrapped = AESGCM(ring.keys[ring.current]).encrypt(nonce, key, context.encode())
        return msgspec.msgpack.encode(_Envelope(1, ring.current, nonce, wrapped, envelope.nonce, envelope.ciphertext))


def _key(ring: KeyRing, name: str) -> bytes:
    if name not in ring.keys:
        raise SealError(f"master key {name} is not in the key file; restore the file that this database belongs to")
    return ring.keys[name]


def _envelope(sealed: bytes) -> _Envelope:
    try:
        return msgspec.msgpack.decode(sealed, type=_Envelope)
    except msgspec.DecodeError as error:
        raise SealError("what is stored is no sealed secret") from error
