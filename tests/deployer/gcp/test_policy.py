"""The role of whoever deploys: all that the modules in use need, and nothing for others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from twin2multicloud.deployer.clouds.gcp.policy import AFTER, PERMISSIONS, billing_roles, deployer_policy
from twin2multicloud.deployer.rendering import SOURCE
from twin2multicloud.model.errors import UsageError
from twin2multicloud.standin.usage import types_in

MODULES: Path = SOURCE / "gcp"


def test_every_type_in_use_has_permissions_and_no_other() -> None:
    assert types_in(MODULES) == PERMISSIONS.keys()
    assert AFTER.keys() <= PERMISSIONS.keys()


def test_the_role_is_one_that_google_takes() -> None:
    role = deployer_policy(PERMISSIONS)
    assert role.keys() == {"title", "description", "stage", "includedPermissions"}
    assert role["includedPermissions"] == sorted(set(role["includedPermissions"]))
    assert all(re.fullmatch(r"[a-z]+\.[A-Za-z]+\.[A-Za-z]+", each) for each in role["includedPermissions"])
    # "Understanding custom roles": at most 3,000 permissions and 64 kB.
    assert len(role["includedPermissions"]) < 3000


def test_a_role_holds_only_what_its_types_need() -> None:
    role = deployer_policy(types_in(MODULES / "l3_cool"))
    assert "storage.buckets.create" in role["includedPermissions"]
    assert not any(each.startswith(("compute.", "bigtable.", "datastore.")) for each in role["includedPermissions"])


def test_a_budget_needs_a_role_on_the_billing_account() -> None:
    assert billing_roles(["google_billing_budget"]) == ("roles/billing.costsManager",)
    assert billing_roles(["google_pubsub_topic"]) == ()


def test_a_type_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="google_sql_database"):
        deployer_policy(["google_sql_database"])
