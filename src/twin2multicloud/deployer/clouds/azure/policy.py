"""What whoever deploys must be allowed to do on Azure, by the types of resources in use: a custom role.

Actions are those that the provider's calls need to create, read, change and delete a type. Data actions are those of
the steps after Terraform. Cosmos DB keeps its own roles for data, which the stacks give; looking people up in the
directory is a right of the directory (Microsoft Graph's `User.ReadBasic.All`), which no role of Azure holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from twin2multicloud.deployer.clouds.azure.grants import every_right
from twin2multicloud.deployer.clouds.azure.providers import RESOURCE_PROVIDERS
from twin2multicloud.model.errors import UsageError

_LIFE: Final = ("read", "write", "delete")


def _each(thing: str, *verbs: str) -> tuple[str, ...]:
    return tuple(f"{thing}/{verb}" for verb in (*_LIFE, *verbs))


_SITES: Final = (
    *_each("Microsoft.Web/sites", "restart/action", "syncfunctiontriggers/action", "publishxml/action"),
    *(f"Microsoft.Web/sites/config/{verb}" for verb in ("read", "write", "list/action", "refresh/action")),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies/read",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies/write",
    "Microsoft.Web/sites/functions/read",
    "Microsoft.Web/sites/host/listkeys/action",
    "Microsoft.Web/sites/operationresults/read",
    "Microsoft.Web/serverFarms/join/action",
    "Microsoft.Web/locations/operations/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
)
_COSMOS: Final = "Microsoft.DocumentDB/databaseAccounts"
_STORAGE: Final = "Microsoft.Storage/storageAccounts"

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "data.azuread_user": (),
        "data.azurerm_client_config": (),
        "azurerm_application_insights": (
            *_each("Microsoft.Insights/components"),
            "Microsoft.Insights/components/currentbillingfeatures/read",
            "Microsoft.Insights/components/currentbillingfeatures/write",
            "Microsoft.OperationalInsights/workspaces/read",
        ),
        "azurerm_consumption_budget_subscription": _each("Microsoft.Consumption/budgets"),
        "azurerm_container_app": (
            *_each("Microsoft.App/containerApps", "listSecrets/action"),
            "Microsoft.App/managedEnvironments/join/action",
            "Microsoft.App/locations/containerappOperationResults/read",
            "Microsoft.App/locations/containerappOperationStatuses/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
        ),
        "azurerm_container_app_environment": (
            *_each("Microsoft.App/managedEnvironments"),
            "Microsoft.App/locations/managedEnvironmentOperationResults/read",
            "Microsoft.App/locations/managedEnvironmentOperationStatuses/read",
        ),
        "azurerm_container_app_environment_storage": _each("Microsoft.App/managedEnvironments/storages"),
        "azurerm_cosmosdb_account": (
            *_each(
                _COSMOS,
                "listKeys/action",
                "readonlykeys/action",
                "listConnectionStrings/action",
                "operationResults/read",
            ),
            "Microsoft.DocumentDB/locations/operationsStatus/read",
        ),
        "azurerm_cosmosdb_sql_container": (
            *_each(f"{_COSMOS}/sqlDatabases/containers", "operationResults/read"),
            f"{_COSMOS}/sqlDatabases/containers/throughputSettings/read",
            f"{_COSMOS}/sqlDatabases/containers/throughputSettings/write",
        ),
        "azurerm_cosmosdb_sql_database": (
            *_each(f"{_COSMOS}/sqlDatabases", "operationResults/read"),
            f"{_COSMOS}/sqlDatabases/throughputSettings/read",
        ),
        "azurerm_cosmosdb_sql_role_assignment": _each(f"{_COSMOS}/sqlRoleAssignments"),
        "azurerm_cosmosdb_sql_role_definition": _each(f"{_COSMOS}/sqlRoleDefinitions"),
        "azurerm_dashboard_grafana": (
            *_each("Microsoft.Dashboard/grafana"),
            "Microsoft.Dashboard/locations/operationStatuses/read",
        ),
        "azurerm_digital_twins_instance": (
            *_each("Microsoft.DigitalTwins/digitalTwinsInstances", "operationResults/read"),
            "Microsoft.DigitalTwins/locations/operationsStatuses/read",
        ),
        "azurerm_eventgrid_event_subscription": _each("Microsoft.EventGrid/eventSubscriptions"),
        "azurerm_eventgrid_topic": (
            *_each("Microsoft.EventGrid/topics", "listKeys/action"),
            "Microsoft.EventGrid/locations/operationsStatus/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
        ),
        "azurerm_function_app_flex_consumption": _SITES,
        "azurerm_iothub": (
            *_each("Microsoft.Devices/iotHubs", "listkeys/action"),
            "Microsoft.Devices/operationResults/read",
            "Microsoft.Devices/checkNameAvailability/action",
        ),
        "azurerm_iothub_certificate": _each("Microsoft.Devices/iotHubs/certificates"),
        "azurerm_iothub_consumer_group": _each("Microsoft.Devices/iotHubs/eventHubEndpoints/consumerGroups"),
        "azurerm_iothub_route": ("Microsoft.Devices/iotHubs/read", "Microsoft.Devices/iotHubs/write"),
        "azurerm_iothub_shared_access_policy": (
            "Microsoft.Devices/iotHubs/read",
            "Microsoft.Devices/iotHubs/write",
            "Microsoft.Devices/iotHubs/iotHubKeys/listkeys/action",
        ),
        "azurerm_key_vault": (
            *_each("Microsoft.KeyVault/vaults"),
            "Microsoft.KeyVault/deletedVaults/read",
            "Microsoft.KeyVault/locations/deletedVaults/read",
            "Microsoft.KeyVault/locations/operationResults/read",
        ),
        "azurerm_key_vault_secret": ("Microsoft.KeyVault/vaults/read",),
        "azurerm_linux_function_app": _SITES,
        "azurerm_log_analytics_workspace": (
            *_each("Microsoft.OperationalInsights/workspaces", "sharedKeys/action"),
            "Microsoft.OperationalInsights/locations/operationStatuses/read",
        ),
        "azurerm_monitor_action_group": _each("Microsoft.Insights/actionGroups"),
        "azurerm_monitor_diagnostic_setting": (
            *_each("Microsoft.Insights/diagnosticSettings"),
            "Microsoft.OperationalInsights/workspaces/sharedKeys/action",
        ),
        "azurerm_monitor_scheduled_query_rules_alert_v2": _each("Microsoft.Insights/scheduledQueryRules"),
        "azurerm_resource_group": (
            *_each("Microsoft.Resources/subscriptions/resourceGroups"),
            "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
            "Microsoft.Resources/subscriptions/read",
            "Microsoft.Insights/metrics/read",
        ),
        "azurerm_role_assignment": (
            *_each("Microsoft.Authorization/roleAssignments"),
            "Microsoft.Authorization/roleDefinitions/read",
        ),
        "azurerm_service_plan": _each("Microsoft.Web/serverFarms"),
        "azurerm_storage_account": (
            *_each(_STORAGE, "listKeys/action"),
            f"{_STORAGE}/blobServices/read",
            f"{_STORAGE}/blobServices/write",
            f"{_STORAGE}/fileServices/read",
            f"{_STORAGE}/queueServices/read",
            "Microsoft.Storage/checkNameAvailability/read",
            "Microsoft.Storage/locations/asyncoperations/read",
        ),
        "azurerm_storage_blob": (f"{_STORAGE}/read",),
        "azurerm_storage_container": _each(f"{_STORAGE}/blobServices/containers"),
        "azurerm_storage_management_policy": _each(f"{_STORAGE}/managementPolicies"),
        "azurerm_storage_queue": _each(f"{_STORAGE}/queueServices/queues"),
        "azurerm_storage_share": _each(f"{_STORAGE}/fileServices/shares"),
        "azurerm_user_assigned_identity": _each("Microsoft.ManagedIdentity/userAssignedIdentities"),
    }
)
"""Resource type (or data source) → actions on it."""

DATA_ACTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "azurerm_digital_twins_instance": (
            "Microsoft.DigitalTwins/digitaltwins/*",
            "Microsoft.DigitalTwins/digitaltwins/relationships/*",
            "Microsoft.DigitalTwins/models/*",
            "Microsoft.DigitalTwins/query/*",
        ),
        "azurerm_iothub": ("Microsoft.Devices/IotHubs/devices/*",),
        "azurerm_key_vault_secret": ("Microsoft.KeyVault/vaults/secrets/*",),
        "azurerm_storage_blob": (f"{_STORAGE}/blobServices/containers/blobs/*",),
        "azurerm_storage_container": (f"{_STORAGE}/blobServices/containers/blobs/*",),
        "azurerm_storage_queue": (f"{_STORAGE}/queueServices/queues/messages/*",),
    }
)
"""Resource type → actions on what is in it: secrets' values, packages and objects, registered devices, twins."""


ASSIGNED_ROLES: Final = frozenset(
    {right.role for right in every_right() if not right.store}
    | {"Azure Digital Twins Data Owner", "Key Vault Secrets Officer", "Storage Queue Data Contributor"}
    | {"Grafana Admin", "Grafana Viewer"}
)
"""The roles that the stacks assign: to functions, to topics, to whoever deploys and to users of dashboards."""


def actions_of(types: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The actions and data actions that stacks of these types need. `UsageError` for a type that is not listed."""
    wanted = set(types)
    unknown = sorted(wanted - ACTIONS.keys())
    if unknown:
        raise UsageError(f"no actions are listed for {', '.join(unknown)}; add them to clouds/azure/policy.py")
    actions = {action for kind in wanted for action in ACTIONS[kind]}
    actions |= {f"{provider}/register/action" for provider in RESOURCE_PROVIDERS}
    actions |= {"Microsoft.Resources/subscriptions/providers/read", "Microsoft.Authorization/permissions/read"}
    return frozenset(actions), frozenset(action for kind in wanted for action in DATA_ACTIONS.get(kind, ()))


def deployer_policy(types: Iterable[str], subscription: str, name: str = "Twin2MultiCloud deployer") -> dict[str, Any]:
    """The custom role, as `az role definition create --role-definition FILE` takes it, assignable in a subscription.

    It may assign roles, which is the power to give itself others: whoever gives it to somebody may limit it by a
    condition to the roles that the stacks assign (`ASSIGNED_ROLES`).
    """
    actions, data_actions = actions_of(types)
    return {
        "Name": name,
        "IsCustom": True,
        "Description": "Deploys, moves and destroys digital twins, with what their stacks are made of and no more.",
        "Actions": sorted(actions),
        "NotActions": [],
        "DataActions": sorted(data_actions),
        "NotDataActions": [],
        "AssignableScopes": [f"/subscriptions/{subscription}"],
    }
