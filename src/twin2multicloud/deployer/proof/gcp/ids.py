"""Finding resources of Google Cloud by what others call them: names, paths, addresses, URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from twin2multicloud.deployer.proof.world import Resource, World

FUNCTION: Final = "google_cloudfunctions2_function"
SERVICE: Final = "google_cloud_run_v2_service"
TOPIC: Final = "google_pubsub_topic"
SUBSCRIPTION: Final = "google_pubsub_subscription"
ACCOUNT: Final = "google_service_account"
BUCKET: Final = "google_storage_bucket"
SECRET: Final = "google_secret_manager_secret"  # noqa: S105  a type of resources
CONFIG: Final = "T2M_CONFIG"
TOLD: Final = "T2M_FUNCTION"
_AGENT: Final = re.compile(r"serviceAccount:service-(\d+)@gcp-sa-pubsub\.iam\.gserviceaccount\.com")
_URL: Final = re.compile(r"https://(?P<name>.+)-(?P<number>\d+)\.(?P<region>[a-z0-9-]+)\.run\.app/?")


def last(path: str) -> str:
    """The last part of a resource's full name."""
    return path.rpartition("/")[2]


@dataclass(frozen=True)
class Ids:
    """A site's resources by what others call them."""

    world: World

    def topic(self, name: str) -> Resource | None:
        """A topic by its id or full name."""
        return self.world.one(TOPIC, name=last(name)) if name else None

    def subscription(self, name: str) -> Resource | None:
        """A subscription by its id or full name."""
        return self.world.one(SUBSCRIPTION, name=last(name)) if name else None

    def account(self, email: str) -> Resource | None:
        """A service account by its address."""
        return self.world.one(ACCOUNT, email=email) if email else None

    def called(self, url: str) -> Resource | None:
        """The function or service of a URL: of the form with the project's number, or the one that Google chose."""
        found = _URL.fullmatch(url)
        for each in self.runs:
            if found and each.text("name") == found["name"] and each.text("location") == found["region"]:
                return each
            if url and url.rstrip("/") in (each.text("uri"), each.text("url"), str(each.at("service_config", "uri"))):
                return each
        return None

    @cached_property
    def runs(self) -> tuple[Resource, ...]:
        """Functions and services."""
        return tuple(self.world.of(FUNCTION, SERVICE))

    @cached_property
    def agent(self) -> str:
        """The identity of Pub/Sub itself in this project, as rights name it; "" if nothing does."""
        members = (str(member) for each in self.world.resources for member in members_of(each))
        return next((member for member in members if _AGENT.fullmatch(member)), "")

    @property
    def number(self) -> str:
        """The project's number, which is in the names of Google's own identities."""
        found = _AGENT.fullmatch(self.agent)
        return found[1] if found else ""


def members_of(grant: Resource) -> Iterator[str]:
    """Who a grant of IAM is for: one member, or all of a binding."""
    if "_iam_" in grant.type:
        if grant.text("member"):
            yield grant.text("member")
        yield from (str(member) for member in grant.attributes.get("members") or ())


def environment_of(run: Resource) -> Mapping[str, str]:
    """The environment variables of a function or service."""
    if run.type == FUNCTION:
        found: Any = run.at("service_config", "environment_variables") or {}
        return {str(name): str(value) for name, value in found.items()}
    variables = run.at("template", "containers", "env") or ()
    return {str(each.get("name")): str(each.get("value")) for each in variables if each.get("value")}
