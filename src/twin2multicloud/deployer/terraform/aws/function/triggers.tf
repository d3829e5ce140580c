# What starts the function. While `held`, nothing but a request to its URL does.

resource "aws_lambda_event_source_mapping" "this" {
  count = var.queue == null ? 0 : 1

  event_source_arn = var.queue.arn
  function_name    = aws_lambda_function.this.arn
  enabled          = !var.held
  batch_size       = var.queue.batch
  # The handler says which messages of a batch shall come again.
  function_response_types            = ["ReportBatchItemFailures"]
  maximum_batching_window_in_seconds = var.queue.window_s
  tags                               = local.tags

  # On a stream a failing record holds up its shard until it expires: it is tried for almost as long as the stream
  # keeps it, in ever smaller batches, then noted in the dead-letter queue.
  starting_position              = var.queue.stream == null ? null : "TRIM_HORIZON"
  bisect_batch_on_function_error = var.queue.stream == null ? null : true
  maximum_record_age_in_seconds  = try(var.queue.stream.give_up_s, null)

  dynamic "destination_config" {
    for_each = var.queue.stream == null ? [] : [var.queue.stream]

    content {
      on_failure {
        destination_arn = destination_config.value.undelivered_arn
      }
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_iam_role" "schedule" {
  count = var.schedule == null ? 0 : 1

  name = var.schedule.role
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.account } }
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "schedule" {
  count = var.schedule == null ? 0 : 1

  name = "invoke"
  role = aws_iam_role.schedule[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Invoke"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [aws_lambda_function.this.arn]
    }]
  })
}

resource "aws_scheduler_schedule" "this" {
  #checkov:skip=CKV_AWS_297: a schedule holds no data
  count = var.schedule == null ? 0 : 1

  name                = var.name
  description         = "Starts ${var.component}"
  schedule_expression = var.schedule.expression
  state               = var.held ? "DISABLED" : "ENABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this.arn
    role_arn = aws_iam_role.schedule[0].arn

    # The next run does what this one did not.
    retry_policy {
      maximum_retry_attempts = 0
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}

resource "aws_lambda_function_event_invoke_config" "schedule" {
  count = var.schedule == null ? 0 : 1

  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 3600
}

resource "aws_cloudwatch_metric_alarm" "schedule" {
  count = var.schedule == null || var.alarms_arn == null ? 0 : 1

  alarm_name          = "${var.name}-fails"
  alarm_description   = "Runs of ${var.component} fail: records stay where they are, and cost more there."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 3
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarms_arn]
  tags                = local.tags
}

# The handler refuses what is not signed (or, of a reader, does not show the key of readers). `url_access` grants the
# second of the two permissions that calling a URL takes.
resource "aws_lambda_function_url" "this" {
  #checkov:skip=CKV_AWS_258: peers in other clouds have no identity here: the signature is ours
  count = var.public ? 1 : 0

  function_name      = aws_lambda_function.this.function_name
  authorization_type = "NONE"
}

resource "aws_lambda_permission" "url" {
  #checkov:skip=CKV_AWS_301: peers in other clouds have no identity here: the signature is ours
  count = var.public ? 1 : 0

  statement_id           = "AnybodyByUrl"
  function_name          = aws_lambda_function.this.function_name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"
}
