# Who is deploying, and where: names become ARNs with it.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  alarms_arn = var.alarms == null ? null : "arn:${local.partition}:sns:${var.region}:${local.account}:${var.alarms}"
}
