# What the slots of one site share: the resource group, the plan of our own handlers, the vault, the store of states, the
# account of packages, the topics of alerts and errors with the queue that the management backend pulls from, the log
# workspace with its alarm, and (once per account) the budget.

data "azurerm_client_config" "current" {}

resource "azurerm_resource_group" "this" {
  name     = var.resource_group
  location = var.location
  tags     = var.tags
}

# Apps on it cost what they execute. Azure takes no new Linux apps on Consumption plans for ever: Microsoft ends the plan
# on Linux in September 2028.
resource "azurerm_service_plan" "consumption" {
  #checkov:skip=CKV_AZURE_212: the plan has no fixed number of instances; it grows with its queues
  #checkov:skip=CKV_AZURE_225: the Consumption plan has no zone redundancy
  #checkov:skip=CKV_AZURE_211: the plan is what was priced
  name                = var.plan
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  os_type             = "Linux"
  sku_name            = "Y1"
  tags                = var.tags
}

# Dead letters, what rules remember, and the nonces of receivers.
module "states" {
  source = "../cosmos_store"

  account        = var.states.account
  database       = var.states.database
  serverless     = true
  containers     = var.states.containers
  operator       = data.azurerm_client_config.current.object_id
  location       = azurerm_resource_group.this.location
  resource_group = azurerm_resource_group.this.name
  tags           = var.tags
}
