# What the slots of a site share: state of the runtime, the error topic with the queue from which the management backend
# pulls, alarms that reach a person, secrets without values, the layer that functions need, and the account's budget.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
}

# Dead letters, what rules remember and the nonces of signed requests: one table, which every function reaches as far
# as its rights go. What need not stay has a time to live.
resource "aws_dynamodb_table" "state" {
  #checkov:skip=CKV_AWS_28: states are rebuilt by what comes next; dead letters are looked at within days
  #checkov:skip=CKV_AWS_119: encrypted with DynamoDB's own key; a customer's key is billed monthly, the bill has none
  name         = var.names.state
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "k"
  range_key    = "s"
  tags         = merge(var.tags, { component = "state" })

  attribute {
    name = "k"
    type = "S"
  }

  attribute {
    name = "s"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }
}

# Secrets have no value here: the wiring step writes them, so that none is ever in a state of Terraform's.
resource "aws_secretsmanager_secret" "secret" {
  #checkov:skip=CKV2_AWS_57: keys are rotated by `rotate-keys`, at both ends of a link at once
  #checkov:skip=CKV_AWS_149: encrypted with the account's key for Secrets Manager, which costs nothing
  for_each = toset(var.secrets)

  name        = "${var.names.secrets_prefix}${each.key}"
  description = "Twin2MultiCloud: written by the wiring step"
  # Its values are made anew by every wiring; a name that stays taken for days would forbid to deploy again.
  recovery_window_in_days = 0
  tags                    = merge(var.tags, { component = each.key })
}

# Compiled parts of msgspec for Lambda's Python, which our packages leave out.
resource "aws_lambda_layer_version" "msgspec" {
  for_each = var.layer_files

  layer_name               = each.value.name
  description              = "msgspec for Python 3.12 on ${each.key}"
  filename                 = "${path.root}/${each.value.file}"
  source_code_hash         = each.value.base64sha256
  compatible_runtimes      = ["python3.12"]
  compatible_architectures = [each.key]
}
