"""Azure broken: who may do what, queues, logs and data. Exactly that is found, and nothing else."""

from __future__ import annotations

import pytest

from tests.deployer.applied.made import Worlds
from tests.proof.editing import Mutant, add, clone, drop, edit, put, several
from tests.proof.edits_azure import ACCOUNT, APP, CONTAINER, DELIVERY, OTHER, ROLE, STORE_ROLE
from twin2multicloud.deployer.proof import Rule, as_text

MUTANTS = (  # Who may do what
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
        "somebody else may sign in as the function",
        "azure",
        add(
            "L2",
            "azurerm_federated_identity_credential.x",
            "azurerm_federated_identity_credential",
            name="eve",
            user_assigned_identity_id=(
                "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/smart-home-k3x9f-westeurope"
                "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/smart-home-k3x9f-l2-process"
            ),
        ),
        (Rule.IDENTITY,),
        "process",
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
    Mutant(
        "somebody else may read the keys of links",
        "azure",
        clone(
            ROLE,
            'function["history"].azurerm_role_assignment.this["secret:links',
            "module.slot.azurerm_role_assignment.eve",
            principal_id="99999999-0000-0000-0000-000000000000",
        ),
        (Rule.RIGHT_EXCESS,),
        "eve",
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
    Mutant("a public address", "azure", add("L2", "x.y", "azurerm_public_ip"), (Rule.PUBLIC,), "x.y"),
    Mutant(
        "another Python",
        "azure",
        edit(APP, "actions", lambda a: a["site_config"][0]["application_stack"][0].update(python_version="3.9")),
        (Rule.SHAPE,),
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
    # What is written otherwise and means the same
    Mutant(
        "an id with other capitals",
        "azure",
        edit(
            ROLE,
            'function["history"].azurerm_role_assignment.this["errors',
            lambda a: a.update(scope=a["scope"].replace("resourceGroups", "resourcegroups")),
        ),
        (),
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_broken_is_found_and_nothing_else(worlds: Worlds, mutant: Mutant) -> None:
    found = mutant.findings(worlds(mutant.world))

    assert sorted(each.rule for each in found) == sorted(mutant.rules), as_text(found)
    assert all(mutant.at in str(each.where) for each in found), as_text(found)
