"""Identities of Azure: which roles each has where, and which it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.clouds.azure.grants import rights_of
from twin2multicloud.deployer.clouds.azure.scopes import rights, words_of
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan
from twin2multicloud.deployer.proof.azure.ids import APPS, Ids, same
from twin2multicloud.deployer.proof.findings import Finding, Rule, Where
from twin2multicloud.deployer.proof.view import Identity, Right
from twin2multicloud.deployer.proof.world import Resource
from twin2multicloud.model.slots import Slot

_PEOPLE: Final = frozenset({"azurerm_client_config", "azuread_client_config", "azuread_user"})
_ACCOUNTS: Final = "/providers/Microsoft.DocumentDB/databaseAccounts/"


def granted(ids: Ids, principal: str) -> dict[Right, Where]:
    """What a principal was given: Azure's own roles, and those of Cosmos DB accounts."""
    found: dict[Right, Where] = {}
    for role in ids.world.of("azurerm_role_assignment"):
        if principal and role.text("principal_id") == principal:
            name = role.text("role_definition_name") or role.text("role_definition_id").rpartition("/")[2]
            found[right(name, role.text("scope"))] = role.where
    for role in ids.world.of("azurerm_cosmosdb_sql_role_assignment"):
        if principal and role.text("principal_id") == principal:
            found[right(_cosmos(ids, role.text("role_definition_id")), role.text("scope"))] = role.where
    return found


def _cosmos(ids: Ids, definition: str) -> str:
    """A Cosmos DB role as what it allows: the actions of our own, the number of a built-in one."""
    own = next(
        (
            each
            for each in ids.world.of("azurerm_cosmosdb_sql_role_definition")
            if each.text("role_definition_id") == definition.rpartition("/")[2] and _account(each) in definition.lower()
        ),
        None,
    )
    if own is None:
        return f"Cosmos DB role {definition.rpartition('/')[2]}"
    actions = {action for block in own.blocks("permissions") for action in block.get("data_actions") or ()}
    return _actions(actions)


def _account(definition: Resource) -> str:
    return f"{_ACCOUNTS}{definition.text('account_name')}/".lower()


def _actions(actions: set[str] | frozenset[str]) -> str:
    return " + ".join(sorted(action.rpartition("databaseAccounts/")[2] for action in actions))


def function_needs(deployment: Deployment, plan: FunctionPlan, group: str) -> frozenset[Right]:
    """The roles that a function's grants and its host mean."""
    all_of = rights(deployment, plan)
    found = {right(role.role, role.scope) for role in all_of.roles.values()}
    offer = deployment.blueprint.places[Slot.MANAGEMENT].offer
    for word in words_of(plan):
        store = all_of.stores.get(word)
        if store is not None:
            scope = f"{group}{_ACCOUNTS}{store.account}{store.scope}"
            found |= {right(_actions(frozenset(each.actions)), scope) for each in rights_of(word, offer)}
    return frozenset(found)


def right(action: str, scope: str) -> Right:
    """A right whose scope is written as all others are: Azure does not tell capitals apart."""
    return Right(action, scope.rstrip("/").lower())


def strangers(ids: Ids) -> Iterator[Finding]:
    """Roles of principals that are neither ours nor the person's who deploys, nor of those who look at dashboards."""
    known = {each.text("principal_id") for each in ids.world.of("azurerm_user_assigned_identity")}
    known |= {str(app.at("identity", "principal_id") or "") for app in ids.world.of(*APPS)}
    known |= {each.text("object_id") for each in ids.world.data if each.type in _PEOPLE}
    for role in ids.world.of("azurerm_role_assignment", "azurerm_cosmosdb_sql_role_assignment"):
        if role.text("principal_id") not in known:
            name = role.text("role_definition_name") or role.text("role_definition_id").rpartition("/")[2]
            what = f"somebody else ({role.text('principal_id')}) has {name} on {role.text('scope')}"
            yield Finding(role.where, Rule.RIGHT_EXCESS, what, "take it away")


def identities(
    ids: Ids, needs: dict[str, frozenset[Right]], systems: dict[str, tuple[Where, frozenset[Right]]]
) -> Iterator[Identity]:
    """All identities: user-assigned ones by id with what they need, and apps' own (`systems`, by principal)."""
    for each in ids.world.of("azurerm_user_assigned_identity"):
        wanted = next((needed for id, needed in needs.items() if same(id, each.text("id"))), frozenset[Right]())
        strangers = tuple(
            f"a federated credential ({other.text('name')})"
            for other in ids.world.of("azurerm_federated_identity_credential")
            if same(other.text("user_assigned_identity_id") or other.text("parent_id"), each.text("id"))
        )
        yield Identity(
            each.text("id"), each.where, granted(ids, each.text("principal_id")), wanted, strangers, used(ids, each)
        )
    for principal, (place, wanted) in systems.items():
        yield Identity(f"the app's own identity {principal}", place, granted(ids, principal), wanted)


def used(ids: Ids, identity: Resource) -> bool:
    """Whether anything signs in as an identity."""
    users = (
        *APPS,
        "azurerm_container_app",
        "azurerm_eventgrid_topic",
        "azurerm_iothub",
        "azurerm_linux_virtual_machine",
    )
    return any(
        same(str(id), identity.text("id"))
        for user in ids.world.of(*users)
        for block in user.blocks("identity")
        for id in block.get("identity_ids") or ()
    )
