"""Who connects to whom in a sandbox: which clouds have a process, at which ports, devices' addresses, links."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection
from contextlib import ExitStack

import msgspec

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.moving.links import together, without_unused
from twin2multicloud.private_files import write_private
from twin2multicloud.runtime.adapters.local.secrets import LocalSecrets
from twin2multicloud.runtime.links import LINKS_SECRET, LinksDocument
from twin2multicloud.sandbox.layout import CloudConfig, Connection, Layout, SandboxConfig
from twin2multicloud.sandbox.local_ports import SPEAK_MQTT, free_port
from twin2multicloud.sandbox.transition import AHEAD, Transition
from twin2multicloud.sandbox.wiring import wire


def clouds_in_use(blueprint: Blueprint, built: Collection[Slot], moving: Transition | None) -> tuple[str, ...]:
    """The clouds that have a process: those in which a slot is deployed, and both ends of a move."""
    used = {blueprint.places[slot].provider for slot in built}
    if moving is not None:
        used |= {moving.move.source.provider, moving.move.target.provider}
    return tuple(provider.value for provider in Provider if provider in used)


def gateways(blueprint: Blueprint, built: Collection[Slot], moving: Transition | None) -> tuple[str, ...]:
    """The clouds that devices can connect to; the first is the one they are told. While L1 moves there are two, as long
    as it is not deployed there is none.
    """
    if Slot.ACQUISITION not in built:
        return ()
    here = blueprint.places[Slot.ACQUISITION].provider
    if moving is None or moving.move.slot is not Slot.ACQUISITION or moving.ahead is None:
        return (here.value,)
    both = (here.value, moving.ahead.value)
    return both[::-1] if moving.shut is here else both


def write_connection(layout: Layout, config: SandboxConfig, doors: tuple[str, ...]) -> None:
    """Tell devices where to connect. Their keys stay."""
    secret = (
        layout.connection().keys["secret"]
        if layout.connection_file.exists()
        else base64.b64encode(secrets.token_bytes(32)).decode()
    )
    mqtt = http = None
    if doors:
        cloud = config.clouds[doors[0]]
        mqtt, http = f"mqtt://127.0.0.1:{cloud.mqtt_port}" if cloud.mqtt_port else None, cloud.url
    connection = msgspec.json.encode(Connection(config.twin, mqtt, http, {"secret": secret}))
    if not layout.connection_file.exists() or layout.connection_file.read_bytes() != connection:
        write_private(layout.connection_file, connection)


def write_links(layout: Layout, config: SandboxConfig, now: float) -> None:
    """Wire all clouds as the sandbox's documents say, with the keys that they know as far as possible."""
    stores = {name: LocalSecrets(layout.cloud(name) / "secrets.db") for name in config.clouds}
    try:
        known = {}
        for name, store in stores.items():
            try:
                known[name] = msgspec.json.decode(store.get(LINKS_SECRET), type=LinksDocument)
            except KeyError:
                continue
        blueprint, moving = layout.blueprint(), layout.transition()
        documents = wire(blueprint, config.clouds, now, known, layout.built())
        if moving is None:
            documents = without_unused(documents)
        elif moving.move.slot in AHEAD:
            here = blueprint.places[moving.move.slot].provider
            (there,) = {moving.move.source.provider, moving.move.target.provider} - {here}
            documents = together(documents, wire(layout.blueprint_at(there), config.clouds, now, known))
        for name, document in documents.items():
            if document != known.get(name):
                stores[name].put(LINKS_SECRET, msgspec.json.encode(document).decode())
    finally:
        for store in stores.values():
            store.close()


def connect_clouds(layout: Layout, now: float) -> None:
    """Bring ports, devices' addresses and links to what is deployed, while clouds may be running: those that stay keep
    their ports.
    """
    config, blueprint, built = layout.config(), layout.blueprint(), layout.built()
    doors = gateways(blueprint, built, None)
    known = layout.config().clouds
    config.clouds = {name: config.clouds.get(name, CloudConfig(0)) for name in clouds_in_use(blueprint, built, None)}
    with ExitStack() as held:
        for name, cloud in config.clouds.items():
            cloud.http_port = cloud.http_port or free_port(held, 0)
            speaks = name in doors and name in SPEAK_MQTT
            cloud.mqtt_port = (cloud.mqtt_port or free_port(held, 0)) if speaks else 0
    # Somebody may be setting the clock, or rotating keys: what is as it should be is left alone.
    if config.clouds != known:
        layout.write_config(config)
    write_connection(layout, config, doors)
    write_links(layout, config, now)
