"""Signing in at the clouds as the person who deploys, once for all that is asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_EMULATOR: Final = "_EMULATOR_HOST"
"""How Google's variables end that name an emulator, which wants no credentials."""


class SignIn:
    """Credentials that the environment describes, as Terraform's providers take them. `azure` and `google` are used
    instead where they are given. (AWS's are found by boto3 itself.) Nobody is asked before a credential is needed.
    """

    def __init__(self, environ: Mapping[str, str], *, azure: TokenCredential | None = None, google: Any = None) -> None:
        self._environ = environ
        self._given_azure = azure
        self._given_google = google
        self._closing = ExitStack()

    def close(self) -> None:
        """Close what credentials keep open."""
        self._closing.close()

    @cached_property
    def azure(self) -> TokenCredential:
        """Azure's. `UsageError` where variables lack others that belong to them."""
        if self._given_azure is not None:
            return self._given_azure
        from twin2multicloud.deployer.credentials.azure_sign_in import azure_credential

        credential = azure_credential(self._environ)
        close = getattr(credential, "close", None)
        if close is not None:
            self._closing.callback(close)
        return credential

    @cached_property
    def google(self) -> Any:
        """Google's, None towards emulators. `UsageError` where there are none, which says how to sign in."""
        if self._given_google is not None:
            return self._given_google
        if any(name.endswith(_EMULATOR) for name in self._environ):
            return None
        from google.auth.exceptions import DefaultCredentialsError

        from twin2multicloud.deployer.credentials.gcp import SIGN_IN
        from twin2multicloud.deployer.credentials.gcp_sign_in import google_credentials

        try:
            return google_credentials(self._environ)
        except DefaultCredentialsError:
            raise UsageError(f"there are no credentials for Google Cloud; {SIGN_IN}") from None
