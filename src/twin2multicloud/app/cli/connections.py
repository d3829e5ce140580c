"""What the commands of `connections` do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from twin2multicloud.app.cli import records
from twin2multicloud.app.cli.asking import agreed
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, moment
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.connections import checked
from twin2multicloud.app.schemas.connections import Connection, TwinConnections
from twin2multicloud.model.documents import SUFFIXES, decoded, read_source
from twin2multicloud.model.errors import InvalidInputError, UsageError
from twin2multicloud.model.formats import parse, sniff
from twin2multicloud.model.slots import Provider

_VERDICTS: Final = {"ok": "✓", "missing": "✗", "unknown": "▲"}
_EXAMPLES: Final = {
    "aws": """\
provider: aws
name: production
config:
  account_id: "123456789012"
  region: eu-central-1
  # role_arn: arn:aws:iam::123456789012:role/twins
credentials:
  access_key_id: AKIA…
  secret_access_key: …
""",
    "azure": """\
provider: azure
name: production
config:
  subscription_id: 00000000-0000-0000-0000-000000000000
  tenant_id: 00000000-0000-0000-0000-000000000000
  client_id: 00000000-0000-0000-0000-000000000000
credentials:
  client_secret: …
""",
    "gcp": """\
provider: gcp
name: production
config:
  project_id: twins-2026
credentials:
  service_account_key: |
    { the content of the key file }
""",
}


def list_all(client: Client, workspace: str | None, provider: str | None, json_output: bool) -> int:
    """`connections list`."""
    found = client.connections.list(client.workspaces.find(workspace), provider)
    if json_output:
        records.print_models(found)
        return 0
    records.print_table(
        ("name", "cloud", "account", "checked (UTC)", "", "id"),
        (
            (
                each.name,
                records.clouds_text([each.provider]),
                _account(each),
                moment(None if each.check is None else each.check.at),
                NONE if each.check is None else "✓" if each.check.sufficient else "✗ does not suffice",
                each.id,
            )
            for each in found
        ),
        "no connections; `twin2multicloud connections create FILE` keeps one",
    )
    return 0


def show(client: Client, wanted: str, workspace: str | None, json_output: bool) -> int:
    """`connections show`."""
    found = client.connections.find(client.workspaces.find(workspace), wanted)
    if json_output:
        records.print_model(found)
        return 0
    rows = [
        ("id", found.id),
        ("cloud", found.provider.label),
        *((name, str(value)) for name, value in found.config.model_dump().items() if value is not None),
        ("changed", f"{moment(found.updated_at)} UTC"),
        ("checked", NONE if found.check is None else f"{moment(found.check.at)} UTC"),
    ]
    for finding in () if found.check is None else found.check.findings:
        remedy = f" → {finding.remedy}" if finding.remedy else ""
        rows.append((finding.topic, f"{_VERDICTS[finding.verdict]} {finding.text}{remedy}"))
    records.print_facts(found.name, rows)
    return 0


def example(cloud: str) -> int:
    """`connections example`."""
    sys.stdout.write(_EXAMPLES[cloud])
    return 0


def create(client: Client, file: str, workspace: str | None, json_output: bool) -> int:
    """`connections create`."""
    given = _given(file)
    made = client.connections.create(client.workspaces.find(workspace), given)
    return _told(made, "is kept", json_output)


def replace(client: Client, wanted: str, file: str, workspace: str | None, json_output: bool) -> int:
    """`connections replace`."""
    given = _given(file)
    there = client.connections.find(client.workspaces.find(workspace), wanted)
    return _told(client.connections.replace(there, given), "is replaced", json_output)


def rename(client: Client, wanted: str, name: str, workspace: str | None, json_output: bool) -> int:
    """`connections rename`."""
    there = client.connections.find(client.workspaces.find(workspace), wanted)
    return _told(client.connections.rename(there, name), "is its name now", json_output)


def choose(client: Client, twin: str, wanted: tuple[str, ...], none: bool, json_output: bool) -> int:
    """`connections choose`."""
    if wanted and none:
        raise UsageError("--none: chooses no connection; leave the names out")
    found = client.twins.get(client.twins.find(twin))
    if wanted or none:
        chosen: dict[str, str] = {}
        for name in wanted:
            each = client.connections.find(found.workspace, name)
            if each.provider.value in chosen:
                raise UsageError(f"'{name}' is a second one at {each.provider.label}; a twin has one for each cloud")
            chosen[each.provider.value] = each.id
        now = client.connections.choose(found.id, TwinConnections.model_validate(chosen), found.version)
    else:
        now = client.connections.of_twin(found.id)
    if json_output:
        records.print_model(now)
        return 0
    names = {each.id: each.name for each in client.connections.list(found.workspace)}
    told = {provider.label: getattr(now, provider.value) for provider in Provider}
    rows = [(cloud, names.get(id_, id_) if id_ else "the workspace's only one") for cloud, id_ in told.items()]
    records.print_facts(found.name, rows)
    return 0


def delete(client: Client, wanted: str, workspace: str | None, yes: bool, json_output: bool) -> int:
    """`connections delete`."""
    there = client.connections.find(client.workspaces.find(workspace), wanted)
    if not yes and not agreed(f"Forget the connection '{there.name}' with its credentials?", there.name):
        say("nothing was deleted")
        return 8
    client.connections.delete(there)
    if json_output:
        records.print_model({"deleted": there.id})
    else:
        say(f"✓ {there.name} is gone")
    return 0


def _given(file: str) -> dict[str, Any]:
    """The account in a file. No finding tells a value of it: it may be a secret in the wrong place."""
    content, source = read_source(file)
    text = decoded(content, source)
    parsed = parse(text, SUFFIXES.get(Path(file).suffix.lower()) or sniff(text), source)
    if parsed.findings:
        raise InvalidInputError(source, parsed.findings)
    return checked(parsed.value, source)


def _account(found: Connection) -> str:
    facts = found.config.model_dump()
    return str(next(facts[name] for name in ("account_id", "subscription_id", "project_id") if name in facts))


def _told(found: Connection, what: str, json_output: bool) -> int:
    if json_output:
        records.print_model(found)
    else:
        say(f"✓ '{found.name}' {what} ({found.id})")
    return 0
