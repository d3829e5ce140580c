"""Azure broken in every way that the rules are for: exactly that is found, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.proof.conftest import Worlds
from tests.proof.editing import Attributes, Change, Mutant, add, clone, drop, edit, put, several
from twin2multicloud.deployer.proof import Rule, as_text

APP = "azurerm_linux_function_app"
FLEX = "azurerm_function_app_flex_consumption"
ROLE = "azurerm_role_assignment"
STORE_ROLE = "azurerm_cosmosdb_sql_role_assignment"
ACCOUNT = "azurerm_storage_account"
CONTAINER = "azurerm_cosmosdb_sql_container"
DELIVERY = "azurerm_eventgrid_event_subscription"
CONFIG = "T2M_CONFIG"
TOLD = "T2M_FUNCTIONS"
OTHER = "/subscriptions/x/resourceGroups/y"


def setting(at: str, name: str, value: str | None, kind: str = APP) -> Change:
    """An app's setting; None takes it away."""

    def edits(attributes: Attributes) -> None:
        attributes["app_settings"] = {**attributes["app_settings"], name: value}
        if value is None:
            del attributes["app_settings"][name]

    return edit(kind, at, edits)


def config(at: str, kind: str = APP, **values: Any) -> Change:
    """Fields of an app's `T2M_CONFIG`; None takes one away."""

    def edits(attributes: Attributes) -> None:
        found = json.loads(attributes["app_settings"][CONFIG]) | values
        kept = {name: value for name, value in found.items() if value is not None}
        attributes["app_settings"] = {**attributes["app_settings"], CONFIG: json.dumps(kept)}

    return edit(kind, at, edits)


def told(at: str, kind: str = APP, **values: Any) -> Change:
    """Fields of the app's one function in `T2M_FUNCTIONS`."""

    def edits(attributes: Attributes) -> None:
        functions = json.loads(attributes["app_settings"][TOLD])
        functions[0].update(values)
        attributes["app_settings"] = {**attributes["app_settings"], TOLD: json.dumps(functions)}

    return edit(kind, at, edits)


MUTANTS = (
    # Functions
    Mutant(
        "a function is gone",
        "azure",
        drop(APP, 'function["history"]'),
        (Rule.FUNCTIONS, Rule.IDENTITY),
        "L3-hot",
    ),
    Mutant(
        "a function twice",
        "azure",
        clone(
            APP, 'function["history"]', 'module.slot.module.more["history"].azurerm_linux_function_app.consumption[0]'
        ),
        (Rule.FUNCTIONS, Rule.IDENTITY),
        "history",
    ),
    Mutant(
        "an app of somebody else",
        "azure",
        add("L2", "azurerm_linux_web_app.shop", "azurerm_linux_web_app"),
        (Rule.CODE,),
        "shop",
    ),
    Mutant(
        "a package that is gone",
        "azure",
        drop("azurerm_storage_blob", 'function["history"]'),
        (Rule.PACKAGE,),
        "history",
    ),
    Mutant(
        "a package that was replaced by hand",
        "azure",
        setting('function["history"]', "WEBSITE_RUN_FROM_PACKAGE", "https://elsewhere.example.com/app.zip"),
        (Rule.PACKAGE,),
        "history",
    ),
    Mutant(
        "the package of another version, on Flex Consumption",
        "spread-1",
        drop("azurerm_storage_container", 'function["process"]'),
        (Rule.PACKAGE, Rule.RIGHT_EXCESS),
        "process",
    ),
    Mutant(
        "too little memory",
        "spread-1",
        put(FLEX, "process", instance_memory_in_mb=128),
        (Rule.SIZE,),
        "process",
    ),
    # What functions are told
    Mutant("settings without the twin's", "azure", setting("actions", CONFIG, None), (Rule.ENVIRONMENT,), "actions"),
    Mutant("settings that are no JSON", "azure", setting("actions", CONFIG, "{"), (Rule.ENVIRONMENT,), "actions"),
    Mutant("a field that is none", "azure", config("actions", cosmos_uri="x"), (Rule.ENVIRONMENT,), "actions"),
    Mutant("another twin", "azure", config("actions", twin="another"), (Rule.ENVIRONMENT,), "actions"),
    Mutant("another role", "azure", told("actions", role="process"), (Rule.ENVIRONMENT,), "actions"),
    Mutant("another edge", "spread-1", told("persist-sender", edge="to-cool"), (Rule.ENVIRONMENT,), "persist-sender"),
    Mutant("other shards", "azure", told("to-cool-mover", shards=99), (Rule.ENVIRONMENT,), "to-cool-mover"),
    Mutant(
        "the identity of nobody",
        "azure",
        setting("actions", "AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000001"),
        (Rule.ENVIRONMENT,),
        "actions",
    ),
    Mutant(
        "a connection string",
        "azure",
        setting("actions", "AzureWebJobsStorage", "DefaultEndpointsProtocol=https;AccountName=x"),
        (Rule.ENVIRONMENT,),
        "actions",
    ),
    Mutant(
        "a store that is not there",
        "azure",
        config('function["history"]', hot_url="https://smart-home-old.documents.azure.com:443/"),
        (Rule.NAMES,),
        "history",
    ),
    Mutant(
        "a topic that is not there",
        "azure",
        config("process", topics={"alerts": "https://x.example.com/api/events", "errors": "https://x.example.com/api"}),
        (Rule.NAMES, Rule.NAMES),
        "process",
    ),
    Mutant(
        "no endpoint of the twin graph",
        "azure",
        config('function["twin-state"]', digital_twins_url=None),
        (Rule.LACKING,),
        "twin-state",
    ),
    Mutant(
        "the vault without need",
        "azure",
        config("to-cool-mover", vault_url="https://smarthomek3x9fwesteurope.vault.azure.net/"),
        (Rule.SUPERFLUOUS,),
        "to-cool-mover",
    ),
    Mutant("a setting that nobody reads", "azure", setting("actions", "DEBUG", "1"), (Rule.SUPERFLUOUS,), "actions"),
    # What starts them
    Mutant(
        "a queue that is not there",
        "azure",
        told("actions", queue="action"),
        (Rule.TRIGGER_SOURCE,),
        "actions",
    ),
    Mutant(
        "the queue of another",
        "spread-1",
        told("persist-sender", queue="twin-updates-outbox"),
        (Rule.TRIGGER_SOURCE,),
        "process",
    ),
    Mutant("no queue and no hub", "azure", told("process", queue="", hub=False), (Rule.TRIGGERS,), "process"),
    Mutant(
        "a hub that is not there",
        "azure",
        setting("process", "T2M_HUB_NAME", "smart-home-old-hub"),
        (Rule.TRIGGER_SOURCE,),
        "process",
    ),
    Mutant(
        "a consumer group that the hub does not have",
        "azure",
        drop("azurerm_iothub_consumer_group"),
        (Rule.TRIGGER_RIGHT,),
        "process",
    ),
    Mutant(
        "no connection to the hub",
        "azure",
        setting("process", "T2M_HUB", None),
        (Rule.TRIGGER_RIGHT,),
        "process",
    ),
    Mutant(
        "a connection to the hub that is no secret of ours",
        "azure",
        setting("process", "T2M_HUB", "@Microsoft.KeyVault(SecretUri=https://other.vault.azure.net/secrets/hub/)"),
        (Rule.TRIGGER_RIGHT,),
        "process",
    ),
    Mutant("an app that is off", "azure", put(APP, "process", enabled=False), (Rule.HELD,), "process"),
    Mutant(
        "an app that is on while its slot is held",
        "spread-1:held",
        put(FLEX, "process", enabled=True),
        (Rule.HELD,),
        "process",
    ),
    Mutant(
        "a mover once a day",
        "azure",
        told("to-cool-mover", schedule="0 0 0 * * *"),
        (Rule.BATCHING,),
        "to-cool-mover",
    ),
    Mutant(
        "a schedule of what has none",
        "azure",
        told("actions", role="move", edge="to-cool", queue=""),
        (Rule.ENVIRONMENT, Rule.ENVIRONMENT, Rule.TRIGGERS, Rule.TRIGGERS),
        "actions",
    ),
    Mutant(
        "a hub that routes elsewhere",
        "azure",
        put("azurerm_iothub", "", fallback_route__endpoint_names=["elsewhere"]),
        (Rule.ROUTES,),
        "iothub",
    ),
    # Who may do what
    Mutant(
        "a role too few",
        "azure",
        drop(ROLE, 'function["history"].azurerm_role_assignment.this["errors'),
        (Rule.RIGHT_MISSING,),
        "history",
    ),
    Mutant(
        "a store's role too few",
        "azure",
        drop(STORE_ROLE, 'function["history"].azurerm_cosmosdb_sql_role_assignment.this["hot.read"'),
        (Rule.RIGHT_MISSING,),
        "history",
    ),
    Mutant(
        "a role too many",
        "azure",
        clone(
            ROLE,
            'function["history"].azurerm_role_assignment.this["errors',
            "module.slot.azurerm_role_assignment.more",
            role_definition_name="Contributor",
        ),
        (Rule.RIGHT_EXCESS,),
        "assignment.more",
    ),
    Mutant(
        "a role on the whole group",
        "azure",
        put(
            ROLE,
            'function["history"].azurerm_role_assignment.this["errors',
            scope="/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/smart-home-k3x9f-westeurope",
        ),
        (Rule.RIGHT_WIDE,),
        "history",
    ),
    Mutant(
        "a store's role that may delete, too",
        "azure",
        edit(
            "azurerm_cosmosdb_sql_role_definition",
            "hot read",
            lambda a: a["permissions"][0]["data_actions"].append(
                "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/delete"
            ),
        ),
        (Rule.RIGHT_EXCESS, Rule.RIGHT_MISSING) * 2,
        "L3-hot",
    ),
    Mutant(
        "a store's built-in role on the account",
        "azure",
        put(
            STORE_ROLE,
            'function["history"].azurerm_cosmosdb_sql_role_assignment.this["hot.read"',
            role_definition_id="/x/sqlRoleDefinitions/00000000-0000-0000-0000-000000000002",
        ),
        (Rule.RIGHT_EXCESS, Rule.RIGHT_MISSING),
        "history",
    ),
    Mutant(
        "two functions with one identity",
        "azure",
        several(
            edit(
                APP,
                'function["actions"]',
                lambda a: a["identity"][0].update(
                    identity_ids=[
                        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/smart-home-k3x9f-westeurope"
                        "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/smart-home-k3x9f-l2-process"
                    ]
                ),
            ),
        ),
        (Rule.IDENTITY, Rule.IDENTITY, Rule.ENVIRONMENT, Rule.ENVIRONMENT),
        "L2",
    ),
    Mutant(
        "an identity that nobody uses",
        "azure",
        clone(
            "azurerm_user_assigned_identity",
            "actions",
            "module.slot.azurerm_user_assigned_identity.more",
            id=f"{OTHER}/spare",
            principal_id="spare",
        ),
        (Rule.IDENTITY,),
        "identity.more",
    ),
    Mutant(
        "the right to a hub's secret is gone",
        "azure",
        drop(ROLE, 'function["process"].azurerm_role_assignment.this["consume:devices'),
        (Rule.RIGHT_MISSING,),
        "process",
    ),
    Mutant(
        "the dashboards' container may not read its password",
        "spread-2",
        drop(ROLE, "L5: module.slot.azurerm_role_assignment.password"),
        (Rule.RIGHT_MISSING,),
        "L5",
    ),
    # Queues, logs, data
    Mutant(
        "no store of dead letters",
        "azure",
        drop(CONTAINER, "dead-letters"),
        (Rule.DEAD_LETTERS,) * 2 + (Rule.NAMES,) * 2,
    ),
    Mutant(
        "alerts without an end",
        "azure",
        put(DELIVERY, "alerts", storage_blob_dead_letter_destination=[]),
        (Rule.DEAD_LETTERS,),
        "alerts",
    ),
    Mutant("errors that nobody keeps", "azure", drop(DELIVERY, "errors"), (Rule.ERRORS,), "foundation"),
    Mutant(
        "errors that may not reach their queue",
        "azure",
        drop(ROLE, 'azurerm_role_assignment.events["queue"]'),
        (Rule.ERRORS, Rule.RIGHT_MISSING),
        "foundation",
    ),
    Mutant(
        "logs for two years",
        "azure",
        put("azurerm_log_analytics_workspace", "", retention_in_days=730),
        (Rule.LOGS,),
        "workspace",
    ),
    Mutant(
        "a log elsewhere",
        "azure",
        put(APP, "actions", site_config__application_insights_connection_string="InstrumentationKey=x"),
        (Rule.LOGS,),
        "actions",
    ),
    Mutant("account keys", "azure", put(ACCOUNT, "L3-cool", shared_access_key_enabled=True), (Rule.PUBLIC,), "L3-cool"),
    Mutant(
        "a public container",
        "azure",
        put("azurerm_storage_container", "L3-cool", container_access_type="blob"),
        (Rule.PUBLIC,),
        "L3-cool",
    ),
    Mutant("requests without TLS", "azure", put(APP, "actions", https_only=False), (Rule.TLS,), "actions"),
    Mutant("old TLS", "azure", put(ACCOUNT, "L3-cool", min_tls_version="TLS1_0"), (Rule.TLS,), "L3-cool"),
    Mutant(
        "encrypted once only",
        "azure",
        put(ACCOUNT, "L3-cool", infrastructure_encryption_enabled=False),
        (Rule.ENCRYPTION,),
        "L3-cool",
    ),
    Mutant(
        "keys of a store",
        "azure",
        put("azurerm_cosmosdb_account", "L3-hot", local_authentication_enabled=True),
        (Rule.PUBLIC,),
        "L3-hot",
    ),
    Mutant(
        "a host that uses a key",
        "azure",
        put(APP, "actions", storage_uses_managed_identity=False),
        (Rule.SECRETS,),
        "actions",
    ),
    Mutant(
        "keys of a topic", "azure", put("azurerm_eventgrid_topic", "errors", local_auth_enabled=True), (Rule.PUBLIC,)
    ),
    Mutant(
        "a vault with an access list of its own",
        "azure",
        put("azurerm_key_vault", "", rbac_authorization_enabled=False),
        (Rule.PUBLIC,),
        "vault",
    ),
    Mutant(
        "another partition key",
        "azure",
        put(CONTAINER, '"hot"', partition_key_paths=["/id"]),
        (Rule.SHAPE,),
        "L3-hot",
    ),
    Mutant("nonces for ever", "azure", put(CONTAINER, "nonces", default_ttl=None), (Rule.SHAPE,), "nonces"),
    Mutant(
        "archived too late",
        "azure",
        edit(
            "azurerm_storage_management_policy",
            "L3-cool",
            lambda a: a["rule"][0]["actions"][0]["base_blob"][0].update(
                tier_to_archive_after_days_since_creation_greater_than=999
            ),
        ),
        (Rule.TIERS,),
        "L3-cool",
    ),
    Mutant(
        "rules that are off",
        "spread-1",
        edit("azurerm_storage_management_policy", "store[0]", lambda a: a["rule"][0].update(enabled=False)),
        (Rule.TIERS,),
        "L3-archive",
    ),
    Mutant("no rules", "azure", drop("azurerm_storage_management_policy", "L3-cool"), (Rule.TIERS,), "L3-cool"),
    Mutant("no tags", "azure", put("azurerm_iothub", "", tags={}), (Rule.TAGS,), "iothub"),
    Mutant(
        "a secret that is not there",
        "azure",
        drop("azurerm_key_vault_secret", "read-key"),
        (Rule.SECRETS,),
        "foundation",
    ),
    Mutant(
        "a secret's value in the state",
        "azure",
        put("azurerm_key_vault_secret", "links", value="{}"),
        (Rule.SECRETS,),
        "links",
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_broken_is_found_and_nothing_else(worlds: Worlds, mutant: Mutant) -> None:
    found = mutant.findings(worlds(mutant.world))

    assert sorted(each.rule for each in found) == sorted(mutant.rules), as_text(found)
    assert all(mutant.at in str(each.where) for each in found), as_text(found)
