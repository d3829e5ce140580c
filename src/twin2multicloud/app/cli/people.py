"""What the commands of `users`, `workspaces` and `keys` do."""

from __future__ import annotations

from typing import Any, Final

from twin2multicloud.app.cli import records
from twin2multicloud.app.cli.asking import NOT_AGREED, agreed
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.records import NONE, known, moment
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.keys import Key, KeyInput
from twin2multicloud.app.schemas.people import RoleName, UserPatch, WorkspaceInput
from twin2multicloud.model.errors import UsageError

_SCOPES: Final = ("read", "write", "run", "admin")


# ── Users ───────────────────────────────────────────────────────────────────────────────────────────────────
def list_users(client: Client, search: str | None, json_output: bool) -> int:
    """`users list`."""
    found = client.users.list(search)
    if json_output:
        records.print_models(found)
        return 0
    words = {True: "yes", False: "no", None: NONE}
    records.print_table(
        ("name", "e-mail", "admin", "shut out", "last seen (UTC)", "id"),
        (
            (user.name, user.email, words[user.admin], words[user.disabled], moment(user.last_seen_at), user.id)
            for user in found
        ),
        "nobody",
    )
    return 0


def change_user(client: Client, who: str, admin: bool | None, disabled: bool | None, json_output: bool) -> int:
    """`users change`."""
    given = {name: value for name, value in (("admin", admin), ("disabled", disabled)) if value is not None}
    if not given:
        raise UsageError("say what to change: --admin, --no-admin, --disable or --enable")
    user = client.users.change(client.users.get(who), UserPatch.model_validate(given))
    if json_output:
        records.print_model(user)
    else:
        state = "shut out" if user.disabled else "let in"
        say(f"✓ {user.name} is {state}, and {'an' if user.admin else 'no'} admin")
    return 0


def delete_user(client: Client, who: str, yes: bool, json_output: bool) -> int:
    """`users delete`."""
    user = client.users.get(who)
    if not yes and not agreed(f"Forget {user.name} ({user.email}), with all keys and roles?", user.email):
        say("nobody was forgotten")
        return NOT_AGREED
    client.users.delete(user)
    return _gone(user.id, user.name, json_output)


# ── Workspaces ──────────────────────────────────────────────────────────────────────────────────────────────
def list_workspaces(client: Client, everything: bool, json_output: bool) -> int:
    """`workspaces list`."""
    found = client.workspaces.list(everything=everything)
    if json_output:
        records.print_models(found)
        return 0
    records.print_table(
        ("name", "your role", "since (UTC)", "id"),
        ((each.name, each.role or NONE, moment(each.created_at), each.id) for each in found),
        "you are in no workspace; somebody who owns one can let you in",
    )
    return 0


def create_workspace(client: Client, name: str, owner: str | None, json_output: bool) -> int:
    """`workspaces create`."""
    given = {"name": name, **({} if owner is None else {"owner": owner})}
    made = client.workspaces.create(WorkspaceInput.model_validate(given))
    if json_output:
        records.print_model(made)
    else:
        say(f"✓ the workspace '{made.name}' is there ({made.id})")
    return 0


def rename_workspace(client: Client, wanted: str, name: str, json_output: bool) -> int:
    """`workspaces rename`."""
    renamed = client.workspaces.rename(client.workspaces.get(client.workspaces.find(wanted)), name)
    if json_output:
        records.print_model(renamed)
    else:
        say(f"✓ it is called '{renamed.name}' now")
    return 0


def delete_workspace(client: Client, wanted: str, yes: bool, json_output: bool) -> int:
    """`workspaces delete`."""
    there = client.workspaces.get(client.workspaces.find(wanted))
    if not yes and not agreed(f"Delete the workspace '{there.name}'?", there.name):
        say("nothing was deleted")
        return NOT_AGREED
    client.workspaces.delete(there)
    return _gone(there.id, there.name, json_output)


def members(client: Client, wanted: str, json_output: bool) -> int:
    """`workspaces members`."""
    found = client.workspaces.members(client.workspaces.find(wanted))
    if json_output:
        records.print_models(found)
        return 0
    records.print_table(
        ("name", "e-mail", "role", "id"),
        ((each.name, each.email, each.role + (" (shut out)" if each.disabled else ""), each.id) for each in found),
        "nobody",
    )
    return 0


def let_in(client: Client, wanted: str, who: str, role: RoleName, json_output: bool) -> int:
    """`workspaces let-in`."""
    member = client.workspaces.let_in(client.workspaces.find(wanted), who, role)
    if json_output:
        records.print_model(member)
    else:
        say(f"✓ {member.name} is {member.role} there")
    return 0


def take_out(client: Client, wanted: str, who: str, json_output: bool) -> int:
    """`workspaces take-out`."""
    client.workspaces.take_out(client.workspaces.find(wanted), who)
    if json_output:
        records.print_model({"taken_out": who})
    else:
        say(f"✓ {who} is not in it any more")
    return 0


# ── Keys ────────────────────────────────────────────────────────────────────────────────────────────────────
def list_keys(client: Client, everybody: bool, holding: bool, json_output: bool) -> int:
    """`keys list`."""
    found = client.keys.list(everybody=everybody, holding=holding)
    if json_output:
        records.print_models(found)
        return 0
    records.print_table(
        ("name", "begins with", "may", "made (UTC)", "used (UTC)", "holds", "id"),
        (
            (
                key.name,
                key.prefix,
                ", ".join(key.scopes),
                moment(key.created_at),
                moment(key.last_used_at),
                _holds(key),
                key.id,
            )
            for key in found
        ),
        "no keys",
    )
    return 0


def create_key(
    client: Client, name: str, scopes: tuple[Any, ...], workspace: str | None, days: int, json_output: bool
) -> int:
    """`keys create`. The key goes to standard output alone, so that it can be piped to where it belongs."""
    known(scopes, "--scope", _SCOPES)
    place = None if workspace is None else client.workspaces.find(workspace)
    key = client.keys.create(KeyInput(name=name, scopes=list(scopes), workspace=place, days=days))
    if json_output:
        records.print_model(key)
        return 0
    print(key.token)
    say(f"✓ {key.id} holds until {moment(key.expires_at)} UTC; it is shown this once, so keep it now")
    return 0


def revoke_key(client: Client, key: str, json_output: bool) -> int:
    """`keys revoke`."""
    client.keys.revoke(key)
    if json_output:
        records.print_model({"revoked": key})
    else:
        say(f"✓ {key} holds no more")
    return 0


def _holds(key: Key) -> str:
    if key.revoked_at is not None:
        return f"revoked {moment(key.revoked_at)}"
    return "until revoked" if key.expires_at is None else f"until {moment(key.expires_at)}"


def _gone(id_: str, name: str, json_output: bool) -> int:
    if json_output:
        records.print_model({"deleted": id_})
    else:
        say(f"✓ {name} is gone")
    return 0
