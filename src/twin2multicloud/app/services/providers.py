"""The providers that are set."""

from __future__ import annotations

from typing import Final

from twin2multicloud.app.schemas import login as shapes
from twin2multicloud.app.settings import Settings

_LABELS: Final = {"google": "Google", "microsoft": "Microsoft", "github": "GitHub"}


def listed(settings: Settings) -> shapes.Providers:
    """All of them, as people see them."""
    found: list[shapes.SignInProvider] = []
    if settings.auth == "login":
        for name, oidc in settings.oidc.items():
            label = oidc.label or _LABELS.get(oidc.kind, name)
            found.append(shapes.SignInProvider(name=name, label=label, kind=oidc.kind, url=f"/login/{name}"))
        for name, saml in settings.saml.items():
            found.append(shapes.SignInProvider(name=name, label=saml.label or name, kind="saml", url=f"/login/{name}"))
    return shapes.Providers(auth=settings.auth, providers=found)
