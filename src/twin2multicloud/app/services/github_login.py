"""GitHub vouches for people by OAuth 2 and its own API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from twin2multicloud.app.auth.claims import address, one_line
from twin2multicloud.app.auth.identity import Identity
from twin2multicloud.app.errors import SignInRefusedError
from twin2multicloud.app.services.provider_http import get_json
from twin2multicloud.app.settings import OidcProvider

_PUBLIC: Final = "https://github.com"
_ACCEPT: Final = "application/vnd.github+json"


@dataclass(frozen=True)
class GitHub:
    """github.com, or a server of an organization's own (`issuer` is its address then)."""

    base: str
    api: str
    SCOPES: ClassVar[str] = "read:user user:email"

    @classmethod
    def of(cls, provider: OidcProvider) -> GitHub:
        """The one that is set."""
        base = provider.issuer.rstrip("/") or _PUBLIC
        return cls(base, "https://api.github.com" if base == _PUBLIC else f"{base}/api/v3")

    @property
    def authorize(self) -> str:
        """Where people are asked."""
        return f"{self.base}/login/oauth/authorize"

    @property
    def token(self) -> str:
        """Where a code becomes a token."""
        return f"{self.base}/login/oauth/access_token"

    def identity(self, access_token: str) -> Identity:
        """Whose token it is. The address is their primary one, and verified if GitHub verified it. `SignInRefusedError`
        if GitHub does not say who that is.
        """
        user = get_json(f"{self.api}/user", access_token, _ACCEPT)
        number = user.get("id") if isinstance(user, dict) else None
        if not isinstance(number, int) or isinstance(number, bool):
            raise SignInRefusedError("GitHub does not say who you are")
        email, verified = self._primary(access_token)
        name = one_line(user.get("name")) or one_line(user.get("login")) or email or str(number)
        # The number, not the login: that can be given up, and somebody else can take it.
        return Identity(subject=f"{self.base}|{number}", email=email, email_verified=verified, name=name)

    def _primary(self, access_token: str) -> tuple[str, bool]:
        found = get_json(f"{self.api}/user/emails", access_token, _ACCEPT)
        for each in found if isinstance(found, list) else []:
            if isinstance(each, dict) and each.get("primary") is True:
                email = address(each.get("email"))
                return email, bool(email) and each.get("verified") is True
        return "", False
