"""How this machine signs in at each kind of Grafana: a password of ours, or a token that lives for minutes."""

from __future__ import annotations

import base64
import secrets as tokens
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from twin2multicloud.deployer.finishing.progress import DASHBOARDS, StepError
from twin2multicloud.deployer.finishing.secrets import GRAFANA_ADMIN
from twin2multicloud.runtime.ports import Secrets

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

ADMINISTRATOR: Final = "admin"
TOKEN_S: Final = 900
"""How long a token of a managed workspace on AWS lives, if we cannot delete it before."""
AZURE_GRAFANA: Final = "ce34e7e5-485f-4d76-964f-b3d2b16d1e4f"
"""Azure Managed Grafana as an application of Entra ID, for which tokens are asked.
https://learn.microsoft.com/azure/managed-grafana/how-to-api-calls
"""


def with_password(secrets: Secrets) -> dict[str, str]:
    """Headers for a Grafana in a container of ours."""
    try:
        password = secrets.get(GRAFANA_ADMIN)
    except KeyError:
        raise StepError(DASHBOARDS, f"the secret {GRAFANA_ADMIN} has no value; write the secrets first") from None
    pair = base64.b64encode(f"{ADMINISTRATOR}:{password}".encode()).decode()
    return {"authorization": f"Basic {pair}"}


def with_entra(credential: TokenCredential) -> dict[str, str]:
    """Headers for Azure Managed Grafana, as the person who deploys."""
    from azure.core.exceptions import AzureError

    try:
        token = credential.get_token(f"{AZURE_GRAFANA}/.default").token
    except AzureError as error:
        raise StepError(DASHBOARDS, f"Entra gives no token for Azure Managed Grafana: {str(error)[:200]}") from error
    return {"authorization": f"Bearer {token}"}


@contextmanager
def with_workspace_token(
    client: Any, dashboards: Mapping[str, Any], name: Callable[[], str] = lambda: f"deploy-{tokens.token_hex(6)}"
) -> Iterator[dict[str, str]]:
    """Headers for Amazon Managed Grafana: a token of the stack's service account, which is deleted afterwards.

    `client` is boto3's of the service `grafana`; `dashboards` is the L5 stack's output.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    where = {"workspaceId": dashboards["workspace"], "serviceAccountId": str(dashboards["service_account"])}
    try:
        made = client.create_workspace_service_account_token(**where, name=name(), secondsToLive=TOKEN_S)
    except (ClientError, BotoCoreError) as error:
        raise StepError(
            DASHBOARDS,
            f"Amazon Managed Grafana gives no token: {error}; your identity needs "
            "grafana:CreateWorkspaceServiceAccountToken on the workspace",
        ) from error
    token = made["serviceAccountToken"]
    try:
        yield {"authorization": f"Bearer {token['key']}"}
    finally:
        with suppress(ClientError, BotoCoreError):  # it ends by itself in minutes
            client.delete_workspace_service_account_token(**where, tokenId=token["id"])
