"""Which resource carries the cost of a component: what a plan prints the month's dollars beside."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from twin2multicloud.blueprint.kinds import Kind

MAIN_RESOURCES: Final[Mapping[tuple[Kind, str], str]] = MappingProxyType(
    {
        (Kind.GATEWAY, "IoT Hub"): "azurerm_iothub",
        (Kind.FUNCTION, "Functions"): "azurerm_linux_function_app",
        (Kind.FUNCTION, "Functions Flex"): "azurerm_function_app_flex_consumption",
        (Kind.QUEUE, "Storage Queue"): "azurerm_storage_queue",
        (Kind.TOPIC, "Event Grid"): "azurerm_eventgrid_topic",
        (Kind.STORE, "Cosmos DB"): "azurerm_cosmosdb_sql_container",
        (Kind.BUCKET, "Blob Storage"): "azurerm_storage_container",
        (Kind.GRAPH, "Digital Twins"): "azurerm_digital_twins_instance",
        (Kind.GRAPH, "Cosmos DB"): "azurerm_cosmosdb_sql_container",
        (Kind.DASHBOARD, "Managed Grafana"): "azurerm_dashboard_grafana",
        (Kind.DASHBOARD, "Grafana OSS on Container Apps"): "azurerm_container_app",
    }
)
"""Components by kind and service → the type of their resource. Traffic (`Kind.EGRESS`) is no resource. Topics, the
queue of errors, states, dead letters and nonces are the foundation's, and the archive where L3.cool is at the same
place is a rule of that account."""
