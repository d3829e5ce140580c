# L1 on AWS: IoT Core. Devices speak MQTT with certificates that the deployment's own authority has signed; rules take
# what they send to the intake next door or to the outbox of a sender.
#
# A device is provisioned when it connects for the first time: there is one resource for all of them, however many they
# are. Its name is its certificate's common name, and all that it may do is bound to that name.

resource "aws_iot_topic_rule" "gateway" {
  for_each = var.rules

  name        = each.value.name
  description = "Twin2MultiCloud: ${each.key} of devices"
  enabled     = true
  sql         = each.value.sql
  sql_version = "2016-03-23"
  tags        = merge(var.tags, { component = "gateway" })

  dynamic "sqs" {
    for_each = var.target.kind == "queue" ? [var.target] : []

    content {
      queue_url  = "https://sqs.${var.region}.${data.aws_partition.current.dns_suffix}/${local.account}/${sqs.value.name}"
      role_arn   = aws_iam_role.rules.arn
      use_base64 = false
    }
  }

  dynamic "kinesis" {
    for_each = var.target.kind == "stream" ? [var.target] : []

    content {
      stream_name   = kinesis.value.name
      partition_key = each.value.partition_key
      role_arn      = aws_iam_role.rules.arn
    }
  }

  # What the target did not take, with the message as the device sent it.
  error_action {
    sqs {
      queue_url  = module.undelivered.url
      role_arn   = aws_iam_role.rules.arn
      use_base64 = false
    }
  }

  depends_on = [aws_iam_role_policy.rules, module.queue]
}

module "undelivered" {
  source = "../queue"

  component      = "gateway"
  name           = var.undelivered
  longest_wait_s = 1
  alarms_arn     = local.alarms_arn
  account        = local.account
  partition      = local.partition
  region         = var.region
  tags           = var.tags
}

locals {
  target_arn = {
    queue  = "arn:${local.partition}:sqs:${var.region}:${local.account}:${var.target.name}"
    stream = "arn:${local.partition}:kinesis:${var.region}:${local.account}:stream/${var.target.name}"
  }
  put = { queue = "sqs:SendMessage", stream = "kinesis:PutRecord" }
}

resource "aws_iam_role" "rules" {
  name = var.rules_role
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
  tags = merge(var.tags, { component = "gateway" })
}

resource "aws_iam_role_policy" "rules" {
  name = "rules"
  role = aws_iam_role.rules.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Target"
        Effect   = "Allow"
        Action   = [local.put[var.target.kind]]
        Resource = [local.target_arn[var.target.kind]]
      },
      {
        Sid      = "Undelivered"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [module.undelivered.arn]
      },
    ]
  })
}
