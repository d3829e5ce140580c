# L3.hot: records in a Cosmos DB account of their own (serverless, provisioned or autoscale), the mover that takes them
# to the cool tier, the reader of history, and receivers where processing is elsewhere.

locals {
  digital_twins_url = "" # nothing here reaches the twin graph
}

module "store" {
  source = "../cosmos_store"

  account        = var.store.account
  database       = var.store.database
  serverless     = var.store.serverless
  containers     = var.store.containers
  operator       = data.azurerm_client_config.current.object_id
  location       = var.location
  resource_group = var.resource_group
  tags           = merge(var.tags, { component = "hot" })
}

data "azurerm_client_config" "current" {}
