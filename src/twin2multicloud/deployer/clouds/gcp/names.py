"""Names on Google Cloud: one table for a site, from which the foundation and all slots take theirs.

Topics, subscriptions, secrets, service accounts and buckets are names of a whole project or of the whole world, so
they contain the region; what is a region's own (functions, jobs, repositories) does not need it. A slot that was moved
has a generation above 1 in whatever may stand beside its predecessor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.names import Names, fit
from twin2multicloud.model.slots import Slot

_NOT_ALLOWED: Final = re.compile("goog|g00g|go0g|g0og")
"""Cloud Storage takes no bucket with Google's name or a likeness in it, Pub/Sub no topic that begins so."""
_PREFIX: Final = 120
_SERVICE: Final = 49
"""Of a Cloud Run service, which every function is. With the project's number it still fits a DNS label, so that its
URL is known before it exists."""
_ACCOUNT: Final = 30
_LABEL: Final = 63
_POOL: Final = 32
_BIGTABLE: Final = 33


@dataclass(frozen=True)
class SiteNames:
    """What everything at one site is called. Lengths and alphabets are those of the services' own pages."""

    given: Names
    project: str
    region: str

    @classmethod
    def of(cls, deployment: Deployment, site: Site) -> SiteNames:
        """The table of a deployment's site."""
        return cls(deployment.names, deployment.settings.accounts.gcp_project, site.region)

    @cached_property
    def names(self) -> Names:
        """The deployment's names, without the twin's where Google would not have it."""
        return Names("twin", self.given.uid) if _NOT_ALLOWED.search(self.given.stem) else self.given

    @property
    def prefix(self) -> str:
        """What every topic, subscription, collection and secret of the site begins with (`GcpConfig.prefix`)."""
        return f"{fit(f'{self.names.stem}-{self.region}', _PREFIX, '-')}-"

    @property
    def database(self) -> str:
        """The Firestore database, 4 to 63 letters, digits and hyphens."""
        return self.names.dashed(self.region, 63)

    @property
    def source_bucket(self) -> str:
        """Where the functions' packages lie."""
        return self.names.dashed(f"source-{self.region}", 63)

    @property
    def repository(self) -> str:
        """The Artifact Registry repository of the images that are built of the packages."""
        return self.names.dashed("images", 63)

    @property
    def builder(self) -> str:
        """The service account that builds images."""
        return self.account("builder")

    @property
    def caller(self) -> str:
        """The service account as which Pub/Sub pushes and Cloud Scheduler calls (`GcpConfig.token_account`)."""
        return self.account("caller")

    def in_project(self, thing: str, most: int = 100) -> str:
        """A name in the project for something of the site: a log bucket, a sink, a policy."""
        return self.names.dashed(f"{thing}-{self.region}", most)

    def function(self, component: str, generation: int = 1) -> str:
        """A function or service."""
        return self.names.dashed(component, _SERVICE, generation)

    def job(self, component: str, generation: int = 1) -> str:
        """A job of Cloud Scheduler."""
        return self.names.dashed(component, 200, generation)

    def account(self, component: str, generation: int = 1) -> str:
        """A service account's id, 6 to 30 letters and digits, unique in the project."""
        return self.names.plain(f"{component}{self.region}", _ACCOUNT, generation)

    def email(self, account: str) -> str:
        """A service account's address."""
        return f"{account}@{self.project}.iam.gserviceaccount.com"

    def topic(self, name: str, generation: int = 1) -> str:
        """A topic, and its subscription, which has the same name."""
        return f"{self.prefix}{name}" + (f"-{generation}" if generation > 1 else "")

    def collection(self, name: str) -> str:
        """A Firestore collection."""
        return f"{self.prefix}{name}"

    def secret(self, name: str) -> str:
        """A secret."""
        return f"{self.prefix}{name}"

    def bucket(self, tier: str, generation: int = 1) -> str:
        """A bucket of a tier."""
        return self.names.dashed(f"{tier}-{self.region}", 63, generation)

    def bigtable(self, generation: int = 1) -> str:
        """The Bigtable instance of the hot store, 6 to 33 letters, digits and hyphens."""
        return self.names.dashed("hot", _BIGTABLE, generation)

    def pool(self, generation: int = 1) -> str:
        """The workload identity pool of the devices. It may not begin with `gcp-`; without hyphens it cannot."""
        return self.names.plain(f"devices{self.region}", _POOL, generation)

    def machine(self, generation: int = 1) -> str:
        """The virtual machine of the dashboards, its network, address and firewall rules."""
        return self.names.dashed(f"dashboards-{self.region}", 63, generation)


def label(text: str) -> str:
    """A label's value: lower case letters, digits, `-` and `_`, at most 63."""
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")[:_LABEL]


def labels(deployment: Deployment, slot: Slot | None) -> dict[str, str]:
    """What everything is labelled with; each resource adds its component."""
    return {
        "twin": label(deployment.settings.twin),
        "slot": "foundation" if slot is None else label(slot.value),
        "run": deployment.settings.uid,
        "owner": label(deployment.settings.owner),
        "managed-by": "twin2multicloud",
    }
