"""Edits of applied resources of Azure."""

from __future__ import annotations

import json
from typing import Any

from tests.proof.editing import Attributes, Change, edit

APP = "azurerm_linux_function_app"
FLEX = "azurerm_function_app_flex_consumption"
ROLE = "azurerm_role_assignment"
STORE_ROLE = "azurerm_cosmosdb_sql_role_assignment"
ACCOUNT = "azurerm_storage_account"
CONTAINER = "azurerm_cosmosdb_sql_container"
DELIVERY = "azurerm_eventgrid_event_subscription"
CONFIG = "T2M_CONFIG"
TOLD = "T2M_FUNCTIONS"
OTHER = "/subscriptions/x/resourceGroups/y"


def setting(at: str, name: str, value: str | None, kind: str = APP) -> Change:
    """An app's setting; None takes it away."""

    def edits(attributes: Attributes) -> None:
        attributes["app_settings"] = {**attributes["app_settings"], name: value}
        if value is None:
            del attributes["app_settings"][name]

    return edit(kind, at, edits)


def config(at: str, kind: str = APP, **values: Any) -> Change:
    """Fields of an app's `T2M_CONFIG`; None takes one away."""

    def edits(attributes: Attributes) -> None:
        found = json.loads(attributes["app_settings"][CONFIG]) | values
        kept = {name: value for name, value in found.items() if value is not None}
        attributes["app_settings"] = {**attributes["app_settings"], CONFIG: json.dumps(kept)}

    return edit(kind, at, edits)


def told(at: str, kind: str = APP, **values: Any) -> Change:
    """Fields of the app's one function in `T2M_FUNCTIONS`."""

    def edits(attributes: Attributes) -> None:
        functions = json.loads(attributes["app_settings"][TOLD])
        functions[0].update(values)
        attributes["app_settings"] = {**attributes["app_settings"], TOLD: json.dumps(functions)}

    return edit(kind, at, edits)
