# L2 on AWS: an intake queue or stream, the processing function with the user's code, senders with their outboxes, and
# the topic of alerts. Rules' webhooks and user functions run in a function of their own, fed by the queue `actions`, so
# that nobody waits for them.
#
# The queue takes messages one by one, retries and sets aside each by itself; the stream takes large batches in order.

# Kinesis on demand: no shards to plan, as the bill has it.
resource "aws_kinesis_stream" "intake" {
  for_each = var.stream == null ? {} : { intake = var.stream }

  name             = each.value.name
  retention_period = 24
  # Amazon's key: producers and consumers of the account need no further right for it.
  encryption_type = "KMS"
  kms_key_id      = "alias/aws/kinesis"
  tags            = merge(var.tags, { component = each.key })

  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }
}

# Notes of records that the function gave up on.
module "stream_undelivered" {
  source   = "../queue"
  for_each = var.stream == null ? {} : { intake = var.stream }

  component      = each.key
  name           = each.value.undelivered
  longest_wait_s = 1
  alarms_arn     = local.alarms_arn
  account        = local.account
  partition      = local.partition
  region         = var.region
  tags           = var.tags
}

resource "aws_cloudwatch_metric_alarm" "intake" {
  for_each = local.alarms_arn == null ? {} : aws_kinesis_stream.intake

  alarm_name          = "${each.value.name}-waits"
  alarm_description   = "Records wait in the intake for over 15 minutes: processing fails or is too slow."
  namespace           = "AWS/Kinesis"
  metric_name         = "GetRecords.IteratorAgeMilliseconds"
  dimensions          = { StreamName = each.value.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 3
  threshold           = 900000
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarms_arn]
  tags                = merge(var.tags, { component = each.key })
}

locals {
  sources = merge(
    { for component, queue in module.queue : component => queue.arn },
    { for component, stream in aws_kinesis_stream.intake : component => stream.arn },
  )
  stream = var.stream == null ? null : {
    give_up_s       = 23 * 3600 # an hour before the stream forgets it
    undelivered_arn = module.stream_undelivered["intake"].arn
  }
}

resource "aws_sns_topic" "alerts" {
  #checkov:skip=CKV_AWS_26: with a key, every publish would be billed twice; alerts are passed on at once
  name   = var.alerts
  policy = jsonencode(local.alerts_policy)
  tags   = merge(var.tags, { component = "alerts" })
}

resource "aws_sns_topic_subscription" "alerts" {
  topic_arn            = aws_sns_topic.alerts.arn
  protocol             = "sqs"
  endpoint             = "arn:${local.partition}:sqs:${var.region}:${local.account}:${var.errors}"
  raw_message_delivery = true
}

locals {
  alerts_arn = "arn:${local.partition}:sns:${var.region}:${local.account}:${var.alerts}"
  alerts_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = local.alerts_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = ["sns:Publish", "sns:Subscribe"]
        Resource  = local.alerts_arn
      },
    ]
  }
}
