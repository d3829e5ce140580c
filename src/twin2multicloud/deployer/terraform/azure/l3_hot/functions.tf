# The slot's functions and the storage account of their host. This file and `functions_variables.tf` are the same in
# every slot of Azure.

module "host" {
  source = "../host"
  count  = var.host == null ? 0 : 1

  account        = var.host.account
  queues         = var.host.queues
  checkpoints    = var.host.checkpoints
  location       = var.location
  resource_group = var.resource_group
  tags           = var.tags
}

module "function" {
  source   = "../function"
  for_each = var.functions

  component         = each.key
  function          = each.value
  location          = var.location
  resource_group    = var.resource_group
  resource_group_id = var.resource_group_id
  plan_id           = var.plan_id
  host_account      = var.host.account
  code              = var.code
  packages          = var.packages
  dependencies      = var.dependencies
  topics            = var.topics
  insights          = var.insights
  digital_twins_url = local.digital_twins_url
  tags              = var.tags

  # Rights name queues and containers, which have to be there.
  depends_on = [module.host]
}
