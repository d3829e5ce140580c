# Errors of all functions and alerts of rules end in one queue, from which the management backend pulls when it runs:
# nothing has to be reachable from here. Alarms are about infrastructure, and go to a person by e-mail.

resource "aws_sns_topic" "errors" {
  #checkov:skip=CKV_AWS_26: an error event holds no secret; with a key, every publish would be billed twice
  name   = var.names.errors
  policy = jsonencode(local.topic_policy[var.names.errors])
  tags   = merge(var.tags, { component = "errors" })
}

module "queue" {
  source   = "../queue"
  for_each = { errors = var.names.errors }

  component      = each.key
  name           = each.value
  undelivered    = var.names.errors_undelivered
  topics         = concat([var.names.errors], var.alert_topics)
  longest_wait_s = 0 # the backend may be off for days
  alarms_arn     = var.alarmed ? "arn:${local.partition}:sns:${var.region}:${local.account}:${var.names.alarms}" : null
  account        = local.account
  partition      = local.partition
  region         = var.region
  tags           = var.tags
}

resource "aws_sns_topic_subscription" "errors" {
  topic_arn            = aws_sns_topic.errors.arn
  protocol             = "sqs"
  endpoint             = module.queue["errors"].arn
  raw_message_delivery = true
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26: CloudWatch cannot publish on a topic with the account's own key
  name   = var.names.alarms
  policy = jsonencode(local.topic_policy[var.names.alarms])
  tags   = merge(var.tags, { component = "alarms" })
}

# The owner has to confirm it once, by the link in the e-mail.
resource "aws_sns_topic_subscription" "alarms" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.owner
}

locals {
  topic_policy = {
    for topic, services in {
      (var.names.errors) = []
      (var.names.alarms) = ["cloudwatch.amazonaws.com"]
      } : topic => {
      Version = "2012-10-17"
      Statement = concat(
        [
          {
            Sid       = "OnlyTls"
            Effect    = "Deny"
            Principal = "*"
            Action    = "sns:Publish"
            Resource  = "arn:${local.partition}:sns:${var.region}:${local.account}:${topic}"
            Condition = { Bool = { "aws:SecureTransport" = "false" } }
          },
          {
            Sid       = "Account"
            Effect    = "Allow"
            Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
            Action    = ["sns:Publish", "sns:Subscribe"]
            Resource  = "arn:${local.partition}:sns:${var.region}:${local.account}:${topic}"
          },
        ],
        [
          for service in services : {
            Sid       = "Service"
            Effect    = "Allow"
            Principal = { Service = service }
            Action    = "sns:Publish"
            Resource  = "arn:${local.partition}:sns:${var.region}:${local.account}:${topic}"
            Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
          }
        ],
      )
    }
  }
}
