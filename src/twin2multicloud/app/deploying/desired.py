"""What somebody wants deployed: a twin at a placement, under the settings of a new or an existing deployment."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from twin2multicloud.app.deploying.prices import Prices, price
from twin2multicloud.app.figures import assumptions_of, workload_of
from twin2multicloud.blueprint.catalog import offer_by_id
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.deployer.deployment import OFFLINE_PROJECT, OFFLINE_SUBSCRIPTION, Accounts, Deployment, Settings
from twin2multicloud.deployer.functions import shards_of
from twin2multicloud.deployer.home import Home
from twin2multicloud.deployer.names import new_uid
from twin2multicloud.deployer.packages import Package, build_packages
from twin2multicloud.deployer.planned import planned_roles
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.options import constraints_from_options
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.model.twin.compile import compile_twin, processor_sources
from twin2multicloud.model.twin.definition import TwinDefinition
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.pricing.book import PriceBook

OFFLINE_OWNER: Final = "owner@example.com"
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s]{2,63}")
_SUBSCRIPTION: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PROJECT: Final = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")


@dataclass(frozen=True)
class Wishes:
    """What a person may say beside the twin. None and empty mean: as it was, or the default."""

    placement: Placement | None = None
    pins: Sequence[str] = ()
    providers: Sequence[str] = ()
    owner: str | None = None
    users: Sequence[str] = ()
    azure_subscription: str | None = None
    gcp_project: str | None = None
    log_retention_days: int | None = None


@dataclass(frozen=True)
class Desired:
    """A twin to deploy, whole: `deployment` for the deployer, and what else a plan shows or a run needs."""

    deployment: Deployment
    placement: Placement
    packages: tuple[Package, ...]
    processors: Mapping[str, str]
    prices: Prices

    @property
    def spec(self) -> TwinSpec:
        """The twin."""
        return self.deployment.spec

    @property
    def blueprint(self) -> Blueprint:
        """Its blueprint."""
        return self.deployment.blueprint

    @property
    def placement_json(self) -> dict[str, Any]:
        """The placement as JSON."""
        found: dict[str, Any] = self.placement.model_dump(mode="json")
        return found


def desired(
    definition: TwinDefinition,
    wishes: Wishes,
    home: Home,
    book: PriceBook,
    *,
    offline: bool,
    environ: Mapping[str, str] = os.environ,
    uid: Callable[[], str] = new_uid,
    authority: bool = True,
) -> Desired:
    """What is to be deployed. `authority`: whether the one of the twin's devices is made where there is none yet;
    whoever deploys nothing leaves the deployment as it is. Raises `UsageError` for an offer that cannot be deployed, an
    account that is not named, a twin of another name than the deployed one's, which its resources carry, or a placement
    that differs from the one that is deployed: a slot that holds something is moved, not replaced.
    """
    known = home.settings() if home.exists else None
    if known is not None and known.twin != definition.name:
        if home.applied():
            raise UsageError(
                f"{home.where} holds the deployment of '{known.twin}', not of '{definition.name}'; destroy that one "
                "first, or give another --dir"
            )
        known = msgspec.structs.replace(known, twin=definition.name)
    placement = _placement(definition, wishes, home, book)
    _check_deployable(placement)
    _check_unmoved(placement, home)
    spec = compile_twin(definition)
    blueprint = blueprint_of(definition.workload, placement, definition.assumptions)
    prices = price(book, blueprint, definition.workload, placement, definition.assumptions)
    settings = _settings(definition, wishes, known, placement, blueprint, prices, offline, environ, uid)
    settings = msgspec.structs.replace(settings, device_ca_pem=_authority(home, settings, make=authority))
    processors = processor_sources(definition)
    packages = tuple(build_packages(planned_roles(blueprint, spec), spec, processors))
    return Desired(Deployment(settings, spec, blueprint), placement, packages, processors, prices)


def deployed_before(home: Home, book: PriceBook) -> Desired:
    """The twin as it was deployed last, wherever its definition is by now."""
    deployment, placement = home.deployment(), Placement.model_validate(home.placement())
    blueprint, processors = deployment.blueprint, home.processors()
    prices = price(book, blueprint, workload_of(blueprint), placement, assumptions_of(blueprint))
    packages = tuple(build_packages(planned_roles(blueprint, deployment.spec), deployment.spec, processors))
    return Desired(deployment, placement, packages, processors, prices)


def _placement(definition: TwinDefinition, wishes: Wishes, home: Home, book: PriceBook) -> Placement:
    if wishes.placement is not None:
        return wishes.placement
    if home.deployed and not wishes.pins and not wishes.providers:
        return Placement.model_validate(home.placement())
    constraints: Constraints = constraints_from_options(
        base=definition.constraints, pins=tuple(wishes.pins), providers=tuple(wishes.providers)
    )
    return BillOptimizer(book, constraints, definition.assumptions).optimize(definition.workload).placement


def _check_deployable(placement: Placement) -> None:
    for slot, choice in placement.items():
        offer = offer_by_id(choice.offer)
        if offer.slot is not slot:
            raise UsageError(f"{slot.value}: {choice.offer} fills another slot ({offer.slot.value})")
        if not offer.deployable:
            raise UsageError(
                f"{slot.value}: {choice.offer} is priced for comparison and cannot be deployed; "
                f"`twin2multicloud offers --slot {slot.value}` lists what can"
            )


def _check_unmoved(placement: Placement, home: Home) -> None:
    if not home.deployed:
        return
    existing = {applied.slot for applied in home.applied().values() if applied.slot}
    deployed = Placement.model_validate(home.placement())
    astray = [slot for slot in placement.differing(deployed) if slot.value in existing]
    if astray:
        told = "; ".join(f"{slot.value} is deployed as {deployed[slot]}, not {placement[slot]}" for slot in astray)
        moves = ", ".join(
            f"`twin2multicloud move --slot {slot.value} --to {_where(deployed[slot], placement[slot])}`"
            for slot in astray
        )
        raise UsageError(f"{told}. What a slot holds is not left behind: {moves} takes it along, one slot at a time")


def _where(there: SlotChoice, wanted: SlotChoice) -> str:
    """What `move --to` is told: a cloud, a region of the same cloud, or an offer at the same place."""
    if there.provider is not wanted.provider:
        return wanted.provider.value
    return f"{wanted.provider.value}/{wanted.region}" if there.region != wanted.region else wanted.offer


def _settings(
    definition: TwinDefinition,
    wishes: Wishes,
    known: Settings | None,
    placement: Placement,
    blueprint: Blueprint,
    prices: Prices,
    offline: bool,
    environ: Mapping[str, str],
    uid: Callable[[], str],
) -> Settings:
    accounts = known.accounts if known is not None else Accounts()
    subscription = wishes.azure_subscription or _given(accounts.azure_subscription, OFFLINE_SUBSCRIPTION)
    project = wishes.gcp_project or _given(accounts.gcp_project, OFFLINE_PROJECT)
    subscription = subscription or environ.get("ARM_SUBSCRIPTION_ID") or environ.get("AZURE_SUBSCRIPTION_ID")
    project = project or environ.get("GOOGLE_CLOUD_PROJECT") or environ.get("GOOGLE_PROJECT")
    owner = _given(known.owner, OFFLINE_OWNER) if known is not None else None
    owner = wishes.owner or owner or environ.get("T2M_OWNER")
    if not offline:
        _check_named(placement, owner, subscription, project)
    owner, subscription, project = (
        owner or OFFLINE_OWNER,
        subscription or OFFLINE_SUBSCRIPTION,
        project or OFFLINE_PROJECT,
    )
    _check_form("--owner", owner, _EMAIL, "an e-mail address")
    _check_form(
        "--azure-subscription", subscription, _SUBSCRIPTION, "a subscription's id, as `az account show` tells it"
    )
    _check_form("--gcp-project", project, _PROJECT, "a project's id (`gcloud projects list`)")
    for user in wishes.users:
        _check_form("--user", user, _EMAIL, "an e-mail address")
    accounts = Accounts(subscription, project)
    budgets = {provider.value: round(usd, 2) for provider, usd in prices.clouds.items()}
    if known is None:
        return Settings(
            definition.name,
            uid(),
            owner,
            accounts,
            users=tuple(wishes.users),
            shards=shards_of(blueprint),
            log_retention_days=wishes.log_retention_days or 30,
            budgets_usd_per_month=budgets,
        )
    return msgspec.structs.replace(
        known,
        owner=owner,
        accounts=accounts,
        users=tuple(wishes.users) or known.users,
        log_retention_days=wishes.log_retention_days or known.log_retention_days,
        budgets_usd_per_month=budgets,
    )


def _authority(home: Home, settings: Settings, *, make: bool) -> str:
    """The certificate of the authority that the deployment's devices are certified by; "" where there is none."""
    from twin2multicloud.app.deploying.session import extra

    with extra("deploy"):
        from twin2multicloud.deployer.devices.authority import Authority
    if make:
        return Authority.of(home.kept, f"{settings.twin} {settings.uid} devices", home.utc()).pem.decode()
    known = Authority.load(home.kept)
    return "" if known is None else known.pem.decode()


def _given(value: str, placeholder: str) -> str | None:
    return None if value == placeholder else value


def _check_named(placement: Placement, owner: str | None, subscription: str | None, project: str | None) -> None:
    used = placement.providers
    if not owner:
        raise UsageError("whose twin is it? --owner EMAIL (or T2M_OWNER) names who gets budget warnings and alarms")
    if Provider.AZURE in used and not subscription:
        raise UsageError("Azure is in use: --azure-subscription ID (or ARM_SUBSCRIPTION_ID) says whose")
    if Provider.GCP in used and not project:
        raise UsageError("Google Cloud is in use: --gcp-project ID (or GOOGLE_CLOUD_PROJECT) says whose")


def _check_form(option: str, value: str, pattern: re.Pattern[str], what: str) -> None:
    if not pattern.fullmatch(value):
        raise UsageError(f"{option}: {value[:80]!r} is not {what}")
