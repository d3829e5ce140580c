"""The provider blocks of root modules on Azure."""

from __future__ import annotations

from typing import Any, Final

from twin2multicloud.deployer.deployment import Deployment

VERSIONS: Final = {"azurerm": "5.10.0", "azuread": "3.10.0"}
"""What root modules pin."""


def azurerm(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """The provider of nearly all stacks. It signs in as the environment says, and never with an account's key."""
    features = {
        # A vault that was deleted may not be purged; where the same deployment comes back, it is recovered.
        "key_vault": {
            "purge_soft_delete_on_destroy": False,
            "purge_soft_deleted_secrets_on_destroy": False,
            "recover_soft_deleted_key_vaults": True,
            "recover_soft_deleted_secrets": True,
        },
        # Accounts are made by the management API alone; their data plane lets in only who has a role there.
        "storage": {"data_plane_available": False},
        # Azure makes a rule of its own beside Application Insights, which no stack has and which would keep the group.
        # Foundations are destroyed after all slots, so that nothing else of worth is in it.
        "application_insights": {"disable_generated_rule": True},
        "resource_group": {"prevent_deletion_if_contains_resources": False},
    }
    return {
        "azurerm": {
            "features": features,
            "subscription_id": deployment.settings.accounts.azure_subscription,
            "storage_use_azuread": True,
            "resource_provider_registrations": "none",
            "resource_providers_to_register": list(RESOURCE_PROVIDERS),
        }
    }


def azuread() -> dict[str, dict[str, Any]]:
    """The provider of stacks that look people up. Its tenant is that of the person who signed in."""
    return {"azuread": {}}


RESOURCE_PROVIDERS: Final = (
    "Microsoft.App",
    "Microsoft.AlertsManagement",
    "Microsoft.Consumption",
    "Microsoft.Dashboard",
    "Microsoft.Devices",
    "Microsoft.DigitalTwins",
    "Microsoft.DocumentDB",
    "Microsoft.EventGrid",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.OperationalInsights",
    "Microsoft.Storage",
    "Microsoft.Web",
)
"""The services that a subscription has to have registered, which the provider does."""
