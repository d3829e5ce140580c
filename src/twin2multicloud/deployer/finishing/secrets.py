"""Secrets beside the links: what dashboards show to readers, what devices' keys derive from, what signs webhooks.

Terraform makes the secrets without values; the values are written here and are in no state, plan, event or argument.
"""

from __future__ import annotations

import base64
import os
import secrets as tokens
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.devices.kept import Kept
from twin2multicloud.deployer.finishing.places import Outputs
from twin2multicloud.deployer.finishing.progress import SECRETS, Report, StepError, StepProgress, failing_as
from twin2multicloud.deployer.finishing.wiring import SecretsOf, sites_with_secrets
from twin2multicloud.deployer.functions import functions_of
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.model.spec import TwinSpec, WebhookAction
from twin2multicloud.runtime.links import LINKS_SECRET
from twin2multicloud.runtime.wiring import Token

READ_KEY: Final = "read-key"
"""The bearer token that dashboards show to a site's readers."""
DEVICE_KEYS: Final = "device-keys"
"""What the keys of devices derive from (`runtime.device_keys`), 32 bytes in base64; the same wherever L1 moves."""
HUB_SECRET: Final = "hub"  # the secret's name  # noqa: S105
"""How functions on Azure read an IoT Hub's endpoint."""
GRAFANA_ADMIN: Final = "grafana-admin"
"""The password of the user `admin` of a Grafana in a container."""
OURS: Final = frozenset({LINKS_SECRET, READ_KEY, DEVICE_KEYS, GRAFANA_ADMIN, HUB_SECRET})
VARIABLE_PREFIX: Final = "T2M_SECRET_"
_MOST_BYTES: Final = 4096


class Origin(StrEnum):
    """Where a secret's value comes from."""

    MADE = "made"  # at random, once per site
    KEPT = "kept"  # with the deployment, the same at every site
    GIVEN = "given"  # by a person


@dataclass(frozen=True)
class NeededSecret:
    """A secret that a site's functions or containers read. `why` is what for, in a person's words."""

    site: Site
    name: str
    origin: Origin
    why: str


def needed_secrets(deployment: Deployment) -> tuple[NeededSecret, ...]:
    """The secrets of a deployment besides its links, each once."""
    return tuple(dict.fromkeys(_needed(deployment)))


def webhook_secrets(spec: TwinSpec) -> dict[str, str]:
    """The names of secrets that webhooks are signed with, and the first rule that uses each. `UsageError` for a name
    under which a secret of ours lies.
    """
    found: dict[str, str] = {}
    for rule in spec.rules:
        for action in rule.actions:
            if isinstance(action, WebhookAction) and action.secret:
                found.setdefault(action.secret, rule.name)
    if taken := OURS.intersection(found):
        name = min(taken)
        raise UsageError(f"rule '{found[name]}': a webhook's secret cannot be called '{name}', which one of ours is")
    return found


def variable_of(name: str) -> str:
    """The environment variable in which a person gives a secret: `T2M_SECRET_` and its name in capitals."""
    return VARIABLE_PREFIX + "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()


def given_secrets(
    names: Mapping[str, str], environment: Mapping[str, str] = os.environ, files: Mapping[str, Path] | None = None
) -> dict[str, str]:
    """Values that a person gives for these names, from files or else from the environment; never from arguments,
    which everybody on the machine can see. A last line end is not part of a value.
    """
    found: dict[str, str] = {}
    for name, file in (files or {}).items():
        if name not in names:
            known = ", ".join(names) or "none"
            raise UsageError(f"no rule signs a webhook with the secret '{name}'; those that do use: {known}")
        try:
            found[name] = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"secret '{name}': {file} cannot be read: {error}") from error
    for name in names:
        if name not in found and variable_of(name) in environment:
            found[name] = environment[variable_of(name)]
    for name, value in found.items():
        found[name] = value.removesuffix("\n").removesuffix("\r")
        if not 1 <= len(found[name].encode()) <= _MOST_BYTES:
            raise UsageError(f"secret '{name}': a value has 1 to {_MOST_BYTES} bytes")
    return found


def write_secrets(
    deployment: Deployment,
    outputs: Outputs,
    secrets_of: SecretsOf,
    kept: Kept,
    given: Mapping[str, str],
    report: Report,
    *,
    token: Token = tokens.token_bytes,
) -> tuple[NeededSecret, ...]:
    """Write what is missing at the sites whose foundation is there; which secrets were written.

    A value that is there stays, unless a person gives another. Those that only a person can give and nobody gave are
    a `StepError` naming them, after all others are written.
    """
    sites = sites_with_secrets(deployment, outputs)
    written, missing = [], dict[str, NeededSecret]()
    for secret in needed_secrets(deployment):
        if secret.site not in sites:
            continue
        with failing_as(f"secret {secret.name} at {secret.site}"):
            store = secrets_of(secret.site)
            try:
                there: str | None = store.get(secret.name)
            except KeyError:
                there = None
            value = _value(secret, there, kept, given, token)
            if value is None:
                missing[secret.name] = secret
            elif value != there:
                store.put(secret.name, value)
                written.append(secret)
                report(StepProgress(SECRETS, f"{secret.site}: {secret.name}, {secret.why}"))
    if missing:
        names = ", ".join(f"'{name}' ({secret.why})" for name, secret in missing.items())
        raise StepError(
            SECRETS,
            f"nobody gave {names}; set {', '.join(variable_of(name) for name in missing)} in the environment",
        )
    return tuple(written)


def device_keys(kept: Kept, token: Callable[[int], bytes] = tokens.token_bytes) -> bytes:
    """What devices' keys derive from; made at the first use."""
    secret = kept.read(DEVICE_KEYS)
    if secret is None:
        secret = base64.b64encode(token(32))
        kept.write(DEVICE_KEYS, secret)
    return base64.b64decode(secret)


def _value(secret: NeededSecret, there: str | None, kept: Kept, given: Mapping[str, str], token: Token) -> str | None:
    if secret.origin is Origin.GIVEN:
        return given.get(secret.name, there)
    if secret.origin is Origin.KEPT:
        return base64.b64encode(device_keys(kept, token)).decode()
    return there or base64.urlsafe_b64encode(token(32)).rstrip(b"=").decode()


def _needed(deployment: Deployment) -> Iterator[NeededSecret]:
    for slot in SLOTS:
        site = deployment.site(slot)
        for function in functions_of(deployment.blueprint, deployment.spec, slot):
            if "secret:read-key" in function.grants:
                yield NeededSecret(site, READ_KEY, Origin.MADE, "which dashboards read with")
            if "secret:device-keys" in function.grants:
                yield NeededSecret(site, DEVICE_KEYS, Origin.KEPT, "which devices' keys derive from")
            if "secret:webhooks" in function.grants:
                for name, rule in webhook_secrets(deployment.spec).items():
                    yield NeededSecret(site, name, Origin.GIVEN, f"which signs the webhook of rule '{rule}'")
    if own_grafana(deployment):
        yield NeededSecret(deployment.site(Slot.VISUALIZATION), GRAFANA_ADMIN, Origin.MADE, "Grafana's administrator")


def own_grafana(deployment: Deployment) -> bool:
    """Whether Grafana runs in a container or machine of ours."""
    return "grafana-oss" in deployment.blueprint.places[Slot.VISUALIZATION].offer
