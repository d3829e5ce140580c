"""A fake OpenID provider (and GitHub) that can be made to lie: it hands out whatever token a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CODE = "the-code"


@cache
def signing_key(name: str) -> RSAKey:
    """A key by its name; the same for the whole run, since making one takes a while."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


@dataclass
class FakeProvider:
    """What it answers, which tests change, and what it was asked."""

    issuer: str = ""
    keys: list[str] = field(default_factory=lambda: ["first"])
    id_token: str | None = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    emails: list[dict[str, Any]] = field(default_factory=list)
    token_error: str | None = None
    padding: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def claims(self, nonce: str, now: float, /, **more: Any) -> dict[str, Any]:
        """Claims that hold; those that are None are left out."""
        found = {
            "iss": self.issuer,
            "sub": "lena",
            "aud": "t2m",
            "iat": int(now),
            "exp": int(now) + 300,
            "nonce": nonce,
            "email": "lena@uni.example",
            "email_verified": True,
            "name": "Lena",
            "groups": ["staff"],
            **more,
        }
        return {name: value for name, value in found.items() if value is not None}

    def sign(self, claims: dict[str, Any], key: str = "first", **header: Any) -> None:
        """Have the token endpoint hand out these claims."""
        self.id_token = jwt.encode({"alg": "RS256", "kid": key, **header}, claims, signing_key(key))

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, Any]:
        """Status and JSON."""
        self.asked.append((path, form))
        match path:
            case "/.well-known/openid-configuration":
                return 200, {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    "userinfo_endpoint": f"{self.issuer}/userinfo",
                    "padding": "." * self.padding,
                    **self.metadata,
                }
            case "/keys":
                return 200, {"keys": [signing_key(name).as_dict(private=False) for name in self.keys]}
            case "/token" | "/login/oauth/access_token":
                if self.token_error is not None:
                    return 400, {"error": self.token_error}
                token = {"access_token": "opaque", "token_type": "Bearer"}
                return 200, token if self.id_token is None else {**token, "id_token": self.id_token}
            case "/userinfo" | "/api/v3/user":
                return 200, self.userinfo
            case "/api/v3/user/emails":
                return 200, self.emails
        return 404, {}

    def times_asked(self, path: str) -> int:
        """How often an address was asked."""
        return sum(each == path for each, _ in self.asked)


@contextmanager
def fake_provider() -> Iterator[FakeProvider]:
    """One on a port of its own."""
    fake = FakeProvider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake.answer))
    fake.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(answer: Callable[[str, dict[str, str]], tuple[int, Any]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*answer(urlsplit(self.path).path, {}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._send(*answer(self.path, {name: values[0] for name, values in parse_qs(body).items()}))

        def _send(self, status: int, found: Any) -> None:
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
