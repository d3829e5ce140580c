# A queue and the one of what it gave up on, both encrypted, both closed to requests without TLS, both watched. One that
# only keeps what others gave up on has none behind it.
#
# Handlers set aside what can never be handled after five deliveries, in the dead-letter store, where it can be looked
# at and replayed. An outage of a store or peer makes no dead letters: the messages come again for as long as it takes.
# So the queue itself gives up only after the most receives that SQS allows, which is what nothing of ours survived.

locals {
  tags = merge(var.tags, { component = var.component })
}

resource "aws_sqs_queue" "this" {
  name = var.name
  # At least the consumer's time-out; twice that, so that a throttled run does not double a message.
  visibility_timeout_seconds = 2 * var.consumer_timeout_s
  message_retention_seconds  = 14 * 24 * 3600
  max_message_size           = 262144
  sqs_managed_sse_enabled    = true
  policy                     = jsonencode(local.policy[var.name])
  redrive_policy = var.undelivered == null ? null : jsonencode({
    deadLetterTargetArn = aws_sqs_queue.undelivered[0].arn
    maxReceiveCount     = 1000
  })
  tags = local.tags
}

resource "aws_sqs_queue" "undelivered" {
  count = var.undelivered == null ? 0 : 1

  name                      = var.undelivered
  message_retention_seconds = 14 * 24 * 3600
  sqs_managed_sse_enabled   = true
  policy                    = jsonencode(local.policy[var.undelivered])
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["arn:${var.partition}:sqs:${var.region}:${var.account}:${var.name}"]
  })
  tags = local.tags
}

locals {
  policy = {
    for name in compact([var.name, var.undelivered]) : name => {
      Version = "2012-10-17"
      Statement = concat(
        [{
          Sid       = "OnlyTls"
          Effect    = "Deny"
          Principal = "*"
          Action    = "sqs:*"
          Resource  = "arn:${var.partition}:sqs:${var.region}:${var.account}:${name}"
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        }],
        [
          for topic in(name == var.name ? var.topics : []) : {
            Sid       = "From${replace(title(replace(topic, "-", " ")), " ", "")}"
            Effect    = "Allow"
            Principal = { Service = "sns.amazonaws.com" }
            Action    = "sqs:SendMessage"
            Resource  = "arn:${var.partition}:sqs:${var.region}:${var.account}:${name}"
            Condition = {
              ArnEquals = { "aws:SourceArn" = "arn:${var.partition}:sns:${var.region}:${var.account}:${topic}" }
            }
          }
        ],
      )
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "age" {
  count = var.longest_wait_s > 0 && var.alarms_arn != null ? 1 : 0

  alarm_name          = "${var.name}-waits"
  alarm_description   = "Messages wait in ${var.component} for over ${var.longest_wait_s} s: its consumer fails or is too slow."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.this.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 3
  threshold           = var.longest_wait_s
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarms_arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "undelivered" {
  count = var.undelivered == null || var.alarms_arn == null ? 0 : 1

  alarm_name          = "${var.undelivered}-found"
  alarm_description   = "Messages of ${var.component} were given up; they are kept for 14 days."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.undelivered[0].name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarms_arn]
  tags                = local.tags
}
