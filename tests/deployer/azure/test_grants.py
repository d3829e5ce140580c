"""Rights: a function's identity has what its grants say, on what they name, and its host's; no more."""

from __future__ import annotations

import msgspec
import pytest

from tests.deployer.azure.bench import FAR, MANAGED, NEAR, SERVERLESS, SITUATIONS, deployed, situation, slots, stack
from twin2multicloud.deployer.clouds.azure.grants import GRANTS, HOST_RIGHTS, every_right, rights_of, store_roles
from twin2multicloud.deployer.clouds.azure.names import SlotNames, cosmos_role_id
from twin2multicloud.deployer.clouds.azure.scopes import rights, words_of
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan, Starts, functions_of
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import CommandAction, WebhookAction

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/smart-home-k3x9f-westeurope/providers/"


def plan(deployment: Deployment, slot: Slot, component: str) -> FunctionPlan:
    found = {each.component: each for each in functions_of(deployment.blueprint, deployment.spec, slot)}
    return found[component]


def roles(deployment: Deployment, slot: Slot, component: str) -> set[tuple[str, str]]:
    """(role, the end of its scope) of a function, without those of its host."""
    found = rights(deployment, plan(deployment, slot, component)).roles
    return {(each.role, each.scope.removeprefix(GROUP)) for key, each in found.items() if not key.startswith("host ")}


def stores(deployment: Deployment, slot: Slot, component: str) -> set[tuple[str, str]]:
    """(account, container) of what a function may reach in Cosmos DB."""
    found = rights(deployment, plan(deployment, slot, component)).stores
    return {(each.account, each.scope.rpartition("/")[2]) for each in found.values()}


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_word_of_every_function_is_a_right_and_every_right_is_of_a_word(name: str) -> None:
    deployment = situation(name)
    offer = deployment.blueprint.places[Slot.MANAGEMENT].offer
    for slot in slots(deployment):
        for each in functions_of(deployment.blueprint, deployment.spec, slot):
            granted = rights(deployment, each)
            words = set(words_of(each)) - {"secret:webhooks"}  # this twin's webhooks are not signed
            wanted = {(r.role, bool(r.store)) for word in words for r in rights_of(word, offer)}
            wanted |= {(r.role, False) for r in HOST_RIGHTS}
            assert {role.role for role in granted.roles.values()} == {role for role, store in wanted if not store}
            assert len(granted.stores) == sum(store for _, store in wanted)
            assert {key.split(" ")[0] for key in granted.roles} - {"host"} | granted.stores.keys() <= words
            scopes = [(role.role, role.scope) for role in granted.roles.values()]
            assert len(set(scopes)) == len(scopes)  # Azure refuses the same assignment twice


def test_processing_next_door_may_write_records_and_call_devices_and_nothing_else() -> None:
    deployment = deployed(SERVERLESS)
    assert stores(deployment, Slot.PROCESSING, "process") == {
        ("smart-home-k3x9f-westeurope-states", "dead-letters"),
        ("smart-home-k3x9f-westeurope-states", "rules"),
        ("smart-home-k3x9f-l3hot", "hot"),
        ("smart-home-k3x9f-l4", "graph"),
    }
    queues = "Microsoft.Storage/storageAccounts/smarthomek3x9fl2host/queueServices/default/queues"
    expected = {
        ("EventGrid Data Sender", "Microsoft.EventGrid/topics/smart-home-k3x9f-westeurope-errors"),
        ("EventGrid Data Sender", "Microsoft.EventGrid/topics/smart-home-k3x9f-westeurope-alerts"),
        ("Key Vault Secrets User", "Microsoft.KeyVault/vaults/smarthomek3x9fwesteurope/secrets/hub"),
        ("Storage Queue Data Message Processor", f"{queues}/intake"),
        ("Storage Queue Data Reader", f"{queues}/intake"),
    }
    found = roles(deployment, Slot.PROCESSING, "process")
    assert expected <= found
    assert {role for role, _ in found - expected} <= {"IoT Hub Data Contributor", "Storage Queue Data Message Sender"}


def test_a_sender_reads_its_links_and_its_queue() -> None:
    deployment = deployed(SERVERLESS, FAR)
    queues = "Microsoft.Storage/storageAccounts/smarthomek3x9fl2host/queueServices/default/queues"
    north = GROUP.replace("westeurope", "northeurope")
    found = {(role, scope.removeprefix(north)) for role, scope in roles(deployment, Slot.PROCESSING, "persist-sender")}
    assert found == {
        ("Key Vault Secrets User", "Microsoft.KeyVault/vaults/smarthomk3x9fnortheurope/secrets/links"),
        ("EventGrid Data Sender", "Microsoft.EventGrid/topics/smart-home-k3x9f-northeurope-errors"),
        ("Storage Queue Data Message Processor", f"{queues}/persist-outbox"),
        ("Storage Queue Data Reader", f"{queues}/persist-outbox"),
    }


def test_a_movers_rights_end_at_the_containers_it_moves_between() -> None:
    deployment = deployed(SERVERLESS)
    assert stores(deployment, Slot.HOT, "to-cool-mover") == {("smart-home-k3x9f-l3hot", "hot")}
    container = "Microsoft.Storage/storageAccounts/smarthk3x9fl3coolobjects/blobServices/default/containers/cool"
    assert ("Storage Blob Data Contributor", container) in roles(deployment, Slot.HOT, "to-cool-mover")


def test_a_reader_of_digital_twins_only_reads() -> None:
    found = roles(deployed(MANAGED), Slot.MANAGEMENT, "twin-state")
    graph = "Microsoft.DigitalTwins/digitalTwinsInstances/smart-home-k3x9f-twins"
    assert [role for role, scope in found if scope == graph] == ["Azure Digital Twins Data Reader"]


def test_rights_on_the_hub_wait_for_the_hub() -> None:
    """The hub is built after processing, so that its own stack gives processing its right on it."""
    near = commanding(NEAR)
    process = stack(near, Slot.PROCESSING).arguments["functions"]["process"]
    assert not any("iotHubs" in role["scope"] for role in process["roles"].values())
    acquisition = stack(near, Slot.ACQUISITION)
    assert [guest["role"] for guest in acquisition.arguments["guests"].values()] == ["IoT Hub Data Contributor"]
    assert acquisition.upstream["guest_principals"].path == ("identities",)
    far = commanding(FAR)
    assert stack(far, Slot.ACQUISITION).arguments["guests"] == {}
    receiver = stack(far, Slot.ACQUISITION).arguments["functions"]["commands-receiver"]
    assert any("iotHubs" in role["scope"] for role in receiver["roles"].values())


def commanding(regions: tuple[str, ...]) -> Deployment:
    """A deployment whose rules send commands."""
    usual = deployed(SERVERLESS, regions)
    rules = tuple(
        msgspec.structs.replace(rule, actions=(CommandAction("off"),)) if number == 0 else rule
        for number, rule in enumerate(usual.spec.rules)
    )
    assert rules
    return Deployment(usual.settings, msgspec.structs.replace(usual.spec, rules=rules), usual.blueprint)


def test_each_secret_of_a_webhook_is_granted_by_itself() -> None:
    usual = deployed(SERVERLESS)
    signed = (WebhookAction("https://example.com/a", "first"), WebhookAction("https://example.com/b", "second key"))
    rules = (msgspec.structs.replace(usual.spec.rules[0], actions=signed),)
    deployment = Deployment(usual.settings, msgspec.structs.replace(usual.spec, rules=rules), usual.blueprint)
    vault = "Microsoft.KeyVault/vaults/smarthomek3x9fwesteurope/secrets/"
    found = {scope for role, scope in roles(deployment, Slot.PROCESSING, "actions") if role == "Key Vault Secrets User"}
    assert found == {f"{vault}first", f"{vault}second-x20-key"}


def test_roles_of_stores_are_defined_where_they_are_assigned() -> None:
    deployment = deployed(SERVERLESS)
    store = stack(deployment, Slot.HOT).arguments["store"]
    defined = {role["id"] for role in store["containers"]["hot"]["roles"].values()}
    account = SlotNames(deployment, Slot.HOT).cosmos
    assert defined == {cosmos_role_id(account, word) for word in ("write", "read", "delete")}
    used = rights(deployment, plan(deployment, Slot.HOT, "to-cool-mover")).stores
    assert {used[word].role_id for word in ("hot.read", "hot.delete")} <= defined


def test_no_role_of_a_store_is_wider_than_its_word() -> None:
    items = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/"
    written = {container: store_roles(container) for container in ("hot", "graph", "rules", "nonces", "dead-letters")}
    assert {word for roles in written.values() for word in roles}
    assert not any("*" in action for roles in written.values() for actions in roles.values() for action in actions)
    assert [action for action in written["hot"]["write"] if action.startswith(items)] == [f"{items}create"]
    assert f"{items}delete" not in written["hot"]["read"] + written["graph"]["update"] + written["nonces"]["remember"]


def test_whatever_is_wider_than_its_word_says_so() -> None:
    coarse = {right.role for right in every_right() if right.wider}
    assert coarse == {
        "Storage Blob Data Contributor",
        "Storage Blob Data Owner",
        "IoT Hub Data Contributor",
        "Azure Digital Twins Data Owner",
        "Key Vault Secrets User",
    }


def test_an_unknown_word_is_no_right() -> None:
    with pytest.raises(KeyError):
        rights_of("everything", "azure.own-graph")
    assert "everything" not in GRANTS


def test_only_readers_of_a_hub_replay_by_a_queue() -> None:
    deployment = deployed(SERVERLESS)
    for slot in slots(deployment):
        for each in functions_of(deployment.blueprint, deployment.spec, slot):
            more = set(words_of(each)) - set(each.grants)
            assert more == ({"consume:intake"} if each.starts is Starts.DEVICES else set())
