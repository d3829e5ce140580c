"""Settings of Azure that keep data to ourselves: encryption, TLS, no keys, nothing public; stores with our keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from twin2multicloud.deployer.proof.azure.ids import CONTAINER, COSMOS, STORAGE, Ids
from twin2multicloud.deployer.proof.findings import Finding, Rule


class _Setting(NamedTuple):
    """An attribute, the values that it may have, and what another one means."""

    path: tuple[str, ...]
    allowed: tuple[Any, ...]
    rule: Rule
    otherwise: str


_TLS: Final = ("1.2", "1.3", "TLS1_2", "TLS1_3", "Tls12", "Tls13")
_PYTHON: Final = "3.12"
_OTHER_PYTHON: Final = "its package is made for another Python"
_KEYS_OFF: Final = "whoever has its key may do everything"
_SETTINGS: Final[Mapping[str, tuple[_Setting, ...]]] = {
    STORAGE: (
        _Setting(("min_tls_version",), _TLS, Rule.TLS, "it takes old versions of TLS"),
        _Setting(("https_traffic_only_enabled",), (True,), Rule.TLS, "it takes requests without TLS"),
        _Setting(("allow_nested_items_to_be_public",), (False,), Rule.PUBLIC, "its containers could be made public"),
        _Setting(("infrastructure_encryption_enabled",), (True,), Rule.ENCRYPTION, "it is encrypted once only"),
        _Setting(("local_user_enabled",), (False,), Rule.PUBLIC, "users of its own may sign in with passwords"),
    ),
    "azurerm_storage_container": (
        _Setting(("container_access_type",), ("private",), Rule.PUBLIC, "anybody may read its blobs"),
    ),
    COSMOS: (
        _Setting(("local_authentication_enabled",), (False,), Rule.PUBLIC, _KEYS_OFF),
        _Setting(("minimal_tls_version",), _TLS, Rule.TLS, "it takes old versions of TLS"),
    ),
    "azurerm_linux_function_app": (
        _Setting(("site_config", "application_stack", "python_version"), (_PYTHON,), Rule.SHAPE, _OTHER_PYTHON),
        _Setting(("https_only",), (True,), Rule.TLS, "it takes requests without TLS"),
        _Setting(("site_config", "minimum_tls_version"), _TLS, Rule.TLS, "it takes old versions of TLS"),
        _Setting(("site_config", "ftps_state"), ("Disabled", "FtpsOnly"), Rule.TLS, "it takes code without TLS"),
        _Setting(("storage_uses_managed_identity",), (True,), Rule.SECRETS, "its host uses an account key"),
        _Setting(("webdeploy_publish_basic_authentication_enabled",), (False,), Rule.PUBLIC, "a password deploys code"),
        _Setting(("ftp_publish_basic_authentication_enabled",), (False,), Rule.PUBLIC, "a password deploys code"),
    ),
    "azurerm_function_app_flex_consumption": (
        _Setting(("runtime_version",), (_PYTHON,), Rule.SHAPE, _OTHER_PYTHON),
        _Setting(("https_only",), (True,), Rule.TLS, "it takes requests without TLS"),
        _Setting(("site_config", "minimum_tls_version"), _TLS, Rule.TLS, "it takes old versions of TLS"),
        _Setting(
            ("storage_authentication_type",), ("UserAssignedIdentity",), Rule.SECRETS, "it fetches its code with a key"
        ),
        _Setting(("webdeploy_publish_basic_authentication_enabled",), (False,), Rule.PUBLIC, "a password deploys code"),
    ),
    "azurerm_key_vault": (
        _Setting(("rbac_authorization_enabled",), (True,), Rule.PUBLIC, "its own access list lets in, not roles"),
        _Setting(("purge_protection_enabled",), (True,), Rule.SECRETS, "whoever deletes it takes its secrets along"),
    ),
    "azurerm_eventgrid_topic": (_Setting(("local_auth_enabled",), (False,), Rule.PUBLIC, _KEYS_OFF),),
    "azurerm_log_analytics_workspace": (_Setting(("local_authentication_enabled",), (False,), Rule.PUBLIC, _KEYS_OFF),),
    "azurerm_application_insights": (_Setting(("local_authentication_enabled",), (False,), Rule.PUBLIC, _KEYS_OFF),),
    "azurerm_container_app": (
        _Setting(("ingress", "allow_insecure_connections"), (False, None), Rule.TLS, "it takes requests without TLS"),
    ),
    "azurerm_dashboard_grafana": (_Setting(("api_key_enabled",), (False,), Rule.PUBLIC, _KEYS_OFF),),
}
_PARTITIONS: Final = {
    "hot": "/device",
    "graph": "/key",
    "rules": "/device",
    "dead-letters": "/letter",
    "nonces": "/link",
}
"""The adapters' partition keys (docs/adapters-azure.md)."""
_DOORS: Final = ("azurerm_public_ip", "azurerm_application_gateway", "azurerm_api_management", "azurerm_lb")
_MOUNTED: Final = "azurerm_container_app_environment_storage"


def settings(ids: Ids) -> Iterator[Finding]:
    """All findings about settings."""
    for kind, wanted in _SETTINGS.items():
        for resource in ids.world.of(kind):
            for setting in wanted:
                if resource.at(*setting.path) not in setting.allowed:
                    remedy = f"set {'.'.join(setting.path)} = {_shown(setting.allowed[0])}"
                    yield Finding(resource.where, setting.rule, setting.otherwise, remedy)
    yield from _keys(ids)
    yield from _containers(ids)
    yield from _secrets(ids)
    for door in ids.world.of(*_DOORS):
        what = "it lets the public in, though nothing of a twin needs it"
        yield Finding(door.where, Rule.PUBLIC, what, "destroy it, or find out who made it")
    for hub in ids.world.of("azurerm_iothub"):
        if hub.text("min_tls_version") not in ("", *_TLS):
            yield Finding(hub.where, Rule.TLS, "it takes old versions of TLS", "set min_tls_version = 1.2")
    for policy in ids.world.of("azurerm_iothub_shared_access_policy"):
        if policy.flag("registry_write"):
            what = "whoever has its key may register devices"
            yield Finding(policy.where, Rule.RIGHT_WIDE, what, "let it read only")


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _keys(ids: Ids) -> Iterator[Finding]:
    """Account keys are off, but for the one account that Container Apps mounts with its key."""
    mounted = {each.text("account_name") for each in ids.world.of(_MOUNTED)}
    for account in ids.world.of(STORAGE):
        if account.attributes.get("shared_access_key_enabled") is not False and account.text("name") not in mounted:
            yield Finding(account.where, Rule.PUBLIC, _KEYS_OFF, "set shared_access_key_enabled = false")


def _containers(ids: Ids) -> Iterator[Finding]:
    for container in ids.world.of(CONTAINER):
        wanted = _PARTITIONS.get(container.text("name"))
        keys = list(container.attributes.get("partition_key_paths") or ())
        if wanted is not None and keys != [wanted]:
            what = f"its partition key is {', '.join(keys) or 'none'}; the runtime's is {wanted}"
            yield Finding(container.where, Rule.SHAPE, what, "make it anew with that key")
        if container.text("name") == "nonces" and container.number("default_ttl") is None:
            what = "nothing that expires ever goes: it has no time to live"
            yield Finding(container.where, Rule.SHAPE, what, "set default_ttl = -1")


def _secrets(ids: Ids) -> Iterator[Finding]:
    for secret in ids.world.of("azurerm_key_vault_secret"):
        if secret.text("value"):
            what = "its value is in a state, where whoever reads the state finds it"
            yield Finding(secret.where, Rule.SECRETS, what, "write it by the wiring step alone")
