"""What each cloud's function host wants in a package: its entry file per role, its settings, its requirements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from twin2multicloud.model.slots import Provider
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.entry.azure_host import host_json

Files = dict[str, str]


@dataclass(frozen=True)
class Host:
    """A cloud's function host. `entries` gives each role's entry file, by path and text, and `settings` the files
    that depend on the twin. Functions may import `sdks`; `requirements` are the distributions that the host does not
    bring, `starts` the one that runs the entry file (where `started` has the role), each within one major version.
    """

    entries: Mapping[str, Files]
    sdks: frozenset[str]
    requirements: tuple[str, ...]
    starts: str = ""
    started: frozenset[str] = frozenset()
    settings: Callable[[TwinSpec], Files] = lambda _spec: {}

    def requirements_of(self, role: str) -> tuple[str, ...]:
        """What a role's package asks its host to install, by name."""
        more = (self.starts,) if role in self.started else ()
        return tuple(sorted((*self.requirements, *more)))


def _lambda(role: str) -> Files:
    text = f'''"""The Lambda handler `main.handler` of the role {role}."""

from twin2multicloud.runtime.entry.aws import {role} as handler

__all__ = ["handler"]
'''
    return {"main.py": text}


_FUNCTION_APP: Final = '''"""The function app; the app setting T2M_FUNCTIONS says which functions it has."""

from pathlib import Path

from twin2multicloud.runtime.entry.azure import make_app

app = make_app(root=Path(__file__).parent)
'''


def _host_settings(spec: TwinSpec) -> Files:
    return {"host.json": msgspec.json.format(msgspec.json.encode(host_json(spec)), indent=2).decode() + "\n"}


def _cloud_run(role: str) -> Files:
    text = f'''"""The target `main` of the functions framework (an HTTP function), in the role {role}."""

from pathlib import Path

from twin2multicloud.runtime.entry.gcp import Function

function = Function(Path(__file__).parent)


def main(request):
    """Handle one request."""
    return function.{role}(request)
'''
    return {"main.py": text}


_WORKER: Final = '''"""A worker: pulls its messages until it is told to stop."""

from pathlib import Path

from twin2multicloud.runtime.entry.gcp import Function

if __name__ == "__main__":
    Function(Path(__file__).parent).work()
'''

_EVERYWHERE: Final = ("process", "send", "receive", "read", "move", "actions")
WITH_USER_CODE: Final = frozenset({"process", "actions", "worker"})
"""Roles whose packages hold the user's modules."""

_MSGSPEC: Final = "msgspec>=0.20,<1"

HOSTS: Final[Mapping[Provider, Host]] = {
    Provider.AWS: Host(
        entries={role: _lambda(role) for role in (*_EVERYWHERE, "connector")},
        sdks=frozenset({"msgspec", "boto3", "botocore"}),
        requirements=(_MSGSPEC,),
    ),
    Provider.AZURE: Host(
        entries={role: {"function_app.py": _FUNCTION_APP} for role in _EVERYWHERE},
        sdks=frozenset({"msgspec", "azure", "msrest", "requests"}),
        requirements=(
            "azure-cosmos>=4.9,<5",
            "azure-digitaltwins-core>=1.3,<2",
            "azure-functions>=1.21,<2",
            "azure-identity>=1.21,<2",
            "azure-iot-hub>=2.6,<3",
            "azure-keyvault-secrets>=4.9,<5",
            "azure-storage-blob>=12.24,<13",
            "azure-storage-queue>=12.12,<13",
            _MSGSPEC,
        ),
        settings=_host_settings,
    ),
    Provider.GCP: Host(
        entries={
            **{role: _cloud_run(role) for role in (*_EVERYWHERE, "gateway")},
            "worker": {"main.py": _WORKER, "Procfile": "web: python main.py\n"},
        },
        sdks=frozenset({"msgspec", "google", "grpc", "requests"}),
        requirements=(
            "google-cloud-bigtable>=2.28,<3",
            "google-cloud-firestore>=2.20,<3",
            "google-cloud-pubsub>=2.28,<3",
            "google-cloud-secret-manager>=2.22,<3",
            "google-cloud-storage>=3.0,<4",
            _MSGSPEC,
        ),
        starts="functions-framework>=3.8,<4",
        started=frozenset((*_EVERYWHERE, "gateway")),
    ),
}


def roles_of(cloud: Provider) -> tuple[str, ...]:
    """The roles that a cloud's functions have."""
    return tuple(HOSTS[cloud].entries)
