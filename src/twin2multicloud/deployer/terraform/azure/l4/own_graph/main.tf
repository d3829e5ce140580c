# L4 as our own twin graph: a serverless Cosmos DB account, the reader that dashboards ask, and a receiver where
# processing is elsewhere. Models, entities and relationships are loaded after Terraform.

locals {
  digital_twins_url = "" # this offer has none
}

module "store" {
  source = "../../cosmos_store"

  account        = var.store.account
  database       = var.store.database
  serverless     = var.store.serverless
  containers     = var.store.containers
  operator       = data.azurerm_client_config.current.object_id
  location       = var.location
  resource_group = var.resource_group
  tags           = merge(var.tags, { component = "graph" })
}

data "azurerm_client_config" "current" {}
