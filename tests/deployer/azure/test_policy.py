"""The role of whoever deploys: every type that the modules use is in it, and nothing that they do not."""

from __future__ import annotations

import re

import pytest

from twin2multicloud.deployer.clouds.azure.policy import (
    ACTIONS,
    ASSIGNED_ROLES,
    DATA_ACTIONS,
    actions_of,
    deployer_policy,
)
from twin2multicloud.deployer.rendering import SOURCE
from twin2multicloud.model.errors import UsageError

MODULES = SOURCE / "azure"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


def types_in_use() -> set[str]:
    text = "\n".join(path.read_text() for path in MODULES.rglob("*.tf"))
    made = set(re.findall(r'^resource "(\w+)"', text, re.MULTILINE))
    return made | {f"data.{kind}" for kind in re.findall(r'^data "(\w+)"', text, re.MULTILINE)}


def test_the_role_covers_the_modules_and_no_more() -> None:
    assert types_in_use() == set(ACTIONS)
    assert set(DATA_ACTIONS) <= set(ACTIONS)


def test_a_role_holds_what_its_types_need() -> None:
    role = deployer_policy(["azurerm_storage_queue"], SUBSCRIPTION)
    assert role["AssignableScopes"] == [f"/subscriptions/{SUBSCRIPTION}"]
    assert "Microsoft.Storage/storageAccounts/queueServices/queues/write" in role["Actions"]
    assert not any(action.startswith("Microsoft.DocumentDB/databaseAccounts") for action in role["Actions"])
    assert role["DataActions"] == ["Microsoft.Storage/storageAccounts/queueServices/queues/messages/*"]


def test_no_action_is_a_wildcard() -> None:
    actions, _ = actions_of(ACTIONS)
    assert not [action for action in actions if "*" in action]
    assert all(re.fullmatch(r"Microsoft\.[A-Za-z]+(/[A-Za-z0-9]+)+", action) for action in actions)


def test_a_type_that_nobody_listed_is_named() -> None:
    with pytest.raises(UsageError, match="azurerm_virtual_machine"):
        actions_of(["azurerm_virtual_machine", "azurerm_storage_queue"])


def test_the_roles_that_stacks_assign_are_known() -> None:
    text = "\n".join(path.read_text() for path in MODULES.rglob("*.tf"))
    written = set(re.findall(r'(?:role_definition_name\s*=|role = )\s*"([A-Z][^"$]+)"', text))
    operator = set(re.findall(r'^    "([A-Z][^"]+)",$', (MODULES / "foundation/operator.tf").read_text(), re.MULTILINE))
    assert operator
    assert written | operator <= ASSIGNED_ROLES
