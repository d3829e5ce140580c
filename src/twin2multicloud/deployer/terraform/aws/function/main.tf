# One Lambda function with everything that is its own: an identity that may do what its handler does and nothing
# more, a log that is kept for a while, and what starts it: a queue or stream, a schedule, or its URL.
#
# Lambda installs nothing, so msgspec comes as a layer. The package's hash is an argument, so that neither plan nor
# destroy reads the file.

locals {
  # What only the account knows stands in braces in texts that were composed before anybody asked it.
  environment = {
    for name, value in var.environment :
    name => replace(replace(value, "{account}", var.account), "{partition}", var.partition)
  }
  statements = [
    for statement in var.statements : {
      Sid    = statement.sid
      Effect = "Allow"
      Action = statement.actions
      Resource = [
        for resource in statement.resources :
        replace(replace(resource, "{account}", var.account), "{partition}", var.partition)
      ]
    }
  ]
  tags = merge(var.tags, { component = var.component })
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158: CloudWatch encrypts logs with its own key; a key of our own is billed monthly, the bill has none
  #checkov:skip=CKV_AWS_338: how long logs are kept is the deployment's setting
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

resource "aws_iam_role" "this" {
  name = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "this" {
  name = "handler"
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.statements, [{
      Sid      = "OwnLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
    }])
  })
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50: the runtime has traces of its own, across clouds; X-Ray would be billed besides
  #checkov:skip=CKV_AWS_115: only movers must run alone; reserving for all others would take from the account's limit
  #checkov:skip=CKV_AWS_116: events come from queues and streams, which have dead-letter queues of their own
  #checkov:skip=CKV_AWS_117: reaches public endpoints of AWS and peers only; a VPC would need a NAT gateway
  #checkov:skip=CKV_AWS_173: the variables hold names, no secrets; Lambda encrypts them with its own key
  #checkov:skip=CKV_AWS_272: the package's hash is pinned in the state
  function_name                  = var.name
  description                    = "Twin2MultiCloud: ${var.component}"
  role                           = aws_iam_role.this.arn
  runtime                        = "python3.12"
  handler                        = "main.handler"
  architectures                  = [var.architecture]
  filename                       = "${path.root}/${var.package.file}"
  source_code_hash               = var.package.base64sha256
  layers                         = [var.layer]
  memory_size                    = var.memory_mib
  timeout                        = var.timeout_s
  reserved_concurrent_executions = var.concurrency
  tags                           = local.tags

  environment {
    variables = local.environment
  }

  # The log group first, or Lambda makes one that nobody expires and nobody deletes.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}
