"""What the stores of a slot hold in a running sandbox: what a move would carry."""

from __future__ import annotations

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.move import StoreKind, Transfer, transfers
from twin2multicloud.moving.operations import Content
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.status import CloudStatus


def contents(client: SandboxClient, after: Blueprint) -> dict[str, Content]:
    """What goes from where the sandbox has the slots to where `after` has them, by the name of each transfer: items and
    bytes. How much rules remember is not counted; it is little."""
    statuses: dict[str, CloudStatus] = {}
    found = {}
    for transfer in transfers(client.blueprint.places, after.places):
        cloud = transfer.source.place.provider.value
        if cloud not in statuses:
            statuses[cloud] = client.cloud_status(cloud)
        found[transfer.name] = _content(client, transfer, statuses[cloud])
    return found


def _content(client: SandboxClient, transfer: Transfer, status: CloudStatus) -> Content:
    match transfer.kind:
        case StoreKind.HOT:
            classes = [kind for store in status.stores if store.tier == "hot" for kind in store.classes]
            return Content(sum(kind.records for kind in classes), sum(kind.bytes for kind in classes))
        case StoreKind.OBJECTS:
            name = "cool" if transfer.source.owner is Slot.COOL else "archive"
            found = [
                kind
                for store in status.stores
                if store.name == name
                for kind in store.classes
                if transfer.storage_class in ("", kind.storage_class)
            ]
            return Content(sum(kind.objects or 0 for kind in found), sum(kind.bytes for kind in found))
        case StoreKind.GRAPH:
            entities = status.graph.entities if status.graph is not None else 0
            return Content(entities, entities * client.blueprint.assumptions["entity_bytes"])
        case StoreKind.LETTERS:
            return Content(status.dead_letters, 0.0)
        case StoreKind.STATES:
            return Content(0.0, 0.0)
