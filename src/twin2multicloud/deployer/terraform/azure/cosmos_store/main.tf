# A Cosmos DB account with one database, its containers, and the roles that functions are given on them.
#
# A store of a slot is an account of its own: it goes with its slot, and serverless and provisioned containers cannot
# share one. Accounts cost nothing. Keys are off; roles hold single actions on single containers.

locals {
  roles = merge([
    for component, container in var.containers : {
      for word, role in container.roles : "${component} ${word}" => merge(role, { container = container.name })
    }
  ]...)
  path = "/dbs/${var.database}/colls"
}

resource "azurerm_cosmosdb_account" "this" {
  #checkov:skip=CKV_AZURE_99: Consumption plans have no fixed address or network; identities alone let in
  #checkov:skip=CKV_AZURE_101: see CKV_AZURE_99; keys are off
  #checkov:skip=CKV_AZURE_100: Microsoft's keys encrypt; a key of one's own costs a vault and calls
  #checkov:skip=CKV_AZURE_132: keys are off altogether
  #checkov:skip=CKV_AZURE_140: it is, by the argument's name since azurerm 5 (local_authentication_enabled)
  name                = var.account
  location            = var.location
  resource_group_name = var.resource_group
  tags                = var.tags

  offer_type                            = "Standard"
  kind                                  = "GlobalDocumentDB"
  local_authentication_enabled          = false
  access_key_metadata_writes_enabled    = false
  minimal_tls_version                   = "Tls12"
  public_network_access_enabled         = true
  automatic_failover_enabled            = false
  multiple_write_locations_enabled      = false
  network_acl_bypass_for_azure_services = false

  consistency_policy {
    consistency_level = "Session"
  }

  geo_location {
    location          = var.location
    failover_priority = 0
    zone_redundant    = false
  }

  # Two copies are part of the price.
  backup {
    type                = "Periodic"
    interval_in_minutes = 240
    retention_in_hours  = 8
    storage_redundancy  = "Local"
  }

  dynamic "capabilities" {
    for_each = var.serverless ? ["EnableServerless"] : []

    content {
      name = capabilities.value
    }
  }
}

resource "azurerm_cosmosdb_sql_database" "this" {
  name                = var.database
  resource_group_name = var.resource_group
  account_name        = azurerm_cosmosdb_account.this.name
}

resource "azurerm_cosmosdb_sql_container" "container" {
  for_each = var.containers

  name                  = each.value.name
  resource_group_name   = var.resource_group
  account_name          = azurerm_cosmosdb_account.this.name
  database_name         = azurerm_cosmosdb_sql_database.this.name
  partition_key_paths   = [each.value.partition_key]
  partition_key_version = 2
  default_ttl           = each.value.ttl
  throughput            = each.value.throughput

  # Every path that is indexed costs request units at each write.
  indexing_policy {
    indexing_mode = "consistent"

    dynamic "included_path" {
      for_each = each.value.indexed

      content {
        path = included_path.value
      }
    }

    excluded_path {
      path = "/*"
    }
  }

  dynamic "autoscale_settings" {
    for_each = each.value.autoscale == null ? [] : [each.value.autoscale]

    content {
      max_throughput = autoscale_settings.value
    }
  }
}

resource "azurerm_cosmosdb_sql_role_definition" "role" {
  for_each = local.roles

  name                = each.key
  role_definition_id  = each.value.id
  resource_group_name = var.resource_group
  account_name        = azurerm_cosmosdb_account.this.name
  type                = "CustomRole"
  assignable_scopes   = ["${azurerm_cosmosdb_account.this.id}${local.path}/${each.value.container}"]

  permissions {
    data_actions = each.value.actions
  }

  depends_on = [azurerm_cosmosdb_sql_container.container]
}

# Whoever deploys loads the graph, moves and verifies records, replays dead letters: the built-in contributor.
resource "azurerm_cosmosdb_sql_role_assignment" "operator" {
  resource_group_name = var.resource_group
  account_name        = azurerm_cosmosdb_account.this.name
  scope               = azurerm_cosmosdb_account.this.id
  role_definition_id  = "${azurerm_cosmosdb_account.this.id}/sqlRoleDefinitions/00000000-0000-0000-0000-000000000002"
  principal_id        = var.operator
}
