# What waits for a sender or another consumer.
module "queue" {
  source   = "../queue"
  for_each = var.queues

  component          = each.key
  name               = each.value.name
  undelivered        = each.value.undelivered
  consumer_timeout_s = each.value.consumer_timeout_s
  alarms_arn         = local.alarms_arn
  account            = local.account
  partition          = local.partition
  region             = var.region
  tags               = var.tags
}
