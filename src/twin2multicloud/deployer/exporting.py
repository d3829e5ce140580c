"""An export: the same root modules and packages, with scripts and a README, for whoever goes on without us.

It needs Terraform or OpenTofu, jq, openssl and the clouds' own command lines, and keeps its states in its folders.
Where the deployment has no authority for its devices yet, `deploy.sh` makes one, whose key nobody else ever has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import Starts, functions_of
from twin2multicloud.deployer.stacks import Stack, foundation_name, needs
from twin2multicloud.model.slots import Provider, Slot

_SCRIPTS: Final = Path(__file__).parent / "export"
SCRIPTS: Final = ("deploy.sh", "wire.sh", "destroy.sh")
_AUTHORITY: Final = "device_ca_pem"
"""The argument that tells a stack the certificate of the devices' authority."""


def export_files(deployment: Deployment, stacks: Sequence[Stack]) -> dict[str, bytes]:
    """What an export holds beside `stacks/`, by path."""
    files = {name: (_SCRIPTS / name).read_bytes() for name in SCRIPTS}
    files["plan.json"] = _json(_order(deployment, stacks))
    files["wiring.json"] = _json(wiring_table(deployment, stacks))
    files["README.md"] = _readme(deployment, stacks).encode()
    return files


def write_export(deployment: Deployment, stacks: Sequence[Stack], directory: Path) -> None:
    """Write these files beside the stacks, which are there already; the scripts may be run."""
    for stack in stacks:
        if _awaits_authority(deployment, stack):
            _read_authority(directory / "stacks" / stack.name / "main.tf.json")
    for name, content in export_files(deployment, stacks).items():
        file = directory / name
        file.write_bytes(content)
        if name in SCRIPTS:
            file.chmod(0o755)


def wiring_table(deployment: Deployment, stacks: Sequence[Stack]) -> dict[str, Any]:
    """Who posts what to whom, for `wire.sh`: sites with the secret that holds their links, and the links."""
    by_slot = {stack.slot: stack for stack in stacks if stack.slot is not None}
    links = []
    for link in deployment.blueprint.links:
        if link.push and not link.apart:
            continue
        receiving = link.target if link.push else link.source
        sending = link.source if link.push else link.target
        component = _receiver(deployment, receiving, link.edge)
        if component is None:
            continue
        links.append(
            {
                "edge": link.edge,
                "from": str(deployment.site(sending)),
                "into": str(deployment.site(receiving)),
                "stack": by_slot[receiving].name,
                "component": component,
            }
        )
    sites = {
        str(site): {"provider": site.provider.value, "region": site.region, "foundation": foundation_name(site)}
        for site in deployment.sites
    }
    return {"sites": sites, "links": links}


def _receiver(deployment: Deployment, slot: Slot, edge: str) -> str | None:
    for function in functions_of(deployment.blueprint, deployment.spec, slot):
        if function.starts is Starts.HTTP and edge in function.receives:
            return function.component
    return None


def _awaits_authority(deployment: Deployment, stack: Stack) -> bool:
    return _AUTHORITY in stack.arguments and not deployment.settings.device_ca_pem


def _read_authority(root: Path) -> None:
    """Have a root module read the certificate that `deploy.sh` puts beside it."""
    document = msgspec.json.decode(root.read_bytes())
    document["module"]["slot"][_AUTHORITY] = '${file("${path.root}/authority.pem")}'
    root.write_bytes(_json(document))


def _order(deployment: Deployment, stacks: Sequence[Stack]) -> list[dict[str, Any]]:
    before = needs(tuple(stacks))
    return [
        {
            "stack": stack.name,
            "title": stack.title,
            "needs": sorted(before[stack.name]),
            "upstream": {name: {"stack": up.stack, "path": up.path} for name, up in stack.upstream.items()},
            "authority": f"Devices of {deployment.names.stem}" if _awaits_authority(deployment, stack) else None,
        }
        for stack in stacks
    ]


def _readme(deployment: Deployment, stacks: Sequence[Stack]) -> str:
    rows = "\n".join(f"| `{stack.name}` | {stack.title} | `modules/{stack.module}` |" for stack in stacks)
    clouds = dict.fromkeys(site.provider for site in deployment.sites)
    signs = "\n".join(f"- {_SIGN_IN[cloud]}" for cloud in clouds)
    return f"""# {deployment.settings.twin} as infrastructure code

A digital twin over {", ".join(cloud.label for cloud in clouds)}, one root module and one state per stack:

| stack | what | its module |
|---|---|---|
{rows}

Each `stacks/*/main.tf.json` calls the modules in the `modules/` beside it, which are plain HCL; `packages/` holds the
functions' code. Every name contains `{deployment.names.stem}`. Nothing here needs the program that wrote it.

## Deploying
You need Terraform or OpenTofu (1.6 or later), jq, openssl, and to be signed in:

{signs}

    ./deploy.sh            # every stack in order, asking before each; --yes asks nothing
    ./wire.sh              # keys and addresses of the links between clouds; again whenever a stack was replaced

States lie in `stacks/*/terraform.tfstate`. They hold no keys of links (those lie in the clouds' secret stores alone),
but keep them private all the same, or give the root modules another backend.

The twin graph's entities, devices that have to be registered by name (Azure) and Grafana's dashboards are not
infrastructure; `docs/finishing.md` of the project tells how they are loaded.

{_devices(deployment, stacks)}## Destroying
    ./destroy.sh           # in reverse order, asking before each

On AWS and Google Cloud a store that holds data is not deleted unless `discard` is set to true in its stack's
`main.tf.json`; Azure deletes stores with what they hold.
"""


def _devices(deployment: Deployment, stacks: Sequence[Stack]) -> str:
    if not any(_awaits_authority(deployment, stack) for stack in stacks):
        return ""
    return """## Devices
Devices sign in with certificates. `deploy.sh` makes the authority that signs them at first, in `devices/`, and tells
the cloud its certificate; keep `devices/authority.key` private, and with a copy. For a device named `sensor-1`:

    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=sensor-1 \\
      -keyout key.pem -out request.pem
    openssl x509 -req -in request.pem -CA devices/authority.pem -CAkey devices/authority.key -CAcreateserial \\
      -days 365 -extfile <(echo extendedKeyUsage=clientAuth) -out certificate.pem

"""


_SIGN_IN: Final[Mapping[Provider, str]] = {
    Provider.AWS: "AWS: `aws sts get-caller-identity` names you (AWS_PROFILE or AWS_ACCESS_KEY_ID …)",
    Provider.AZURE: "Azure: `az login`, and `az account set --subscription …`",
    Provider.GCP: "Google Cloud: `gcloud auth application-default login`",
}


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
