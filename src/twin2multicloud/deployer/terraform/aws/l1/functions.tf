# The functions of the slot, each with an identity of its own.
module "function" {
  source   = "../function"
  for_each = var.functions

  component    = each.key
  name         = each.value.name
  package      = var.packages[each.value.package]
  layer        = var.layers[each.value.architecture]
  architecture = each.value.architecture
  memory_mib   = each.value.memory_mib
  timeout_s    = each.value.timeout_s
  concurrency  = each.value.concurrency
  environment  = each.value.environment
  statements   = each.value.statements
  public       = each.value.public
  schedule     = each.value.schedule

  queue = each.value.source == null ? null : {
    arn      = module.queue[each.value.source.component].arn
    batch    = each.value.source.batch
    window_s = each.value.source.window_s
    stream   = null
  }

  held               = var.held
  alarms_arn         = local.alarms_arn
  log_retention_days = var.log_retention_days
  account            = local.account
  partition          = local.partition
  tags               = var.tags
}

module "url_access" {
  source = "../url_access"

  name      = var.url_access
  functions = { for component, function in var.functions : component => module.function[component].arn if function.public }
  tags      = var.tags
}
