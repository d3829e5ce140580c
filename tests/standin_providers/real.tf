# AWS resources of many types, planned with the stand-in and, where a machine has it, with the real provider.

resource "aws_sqs_queue" "q" {
  name           = "mill-q"
  redrive_policy = jsonencode({ deadLetterTargetArn = "arn:aws:sqs:eu-central-1:123456789012:mill-dead", maxReceiveCount = 5 })
}

resource "aws_sns_topic" "t" {
  name = "mill-t"
}

resource "aws_sns_topic_subscription" "s" {
  topic_arn = aws_sns_topic.t.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.q.arn
}

resource "aws_cloudwatch_log_group" "l" {
  name = "/mill"
}

resource "aws_scheduler_schedule" "s" {
  name                = "mill"
  schedule_expression = "rate(1 hour)"
  flexible_time_window { mode = "OFF" }
  target {
    arn      = aws_lambda_function.ingest.arn
    role_arn = aws_iam_role.writer.arn
    retry_policy { maximum_retry_attempts = 3 }
  }
}

resource "aws_secretsmanager_secret" "s" {
  name = "mill-s"
}

resource "aws_s3_bucket" "b" {
  bucket = "mill-b"
}

resource "aws_s3_bucket_public_access_block" "b" {
  bucket            = aws_s3_bucket.b.id
  block_public_acls = true
}

resource "aws_s3_bucket_lifecycle_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  rule {
    id     = "one"
    status = "Enabled"
    filter {}
    transition {
      days          = 30
      storage_class = "GLACIER_IR"
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
  }
}

resource "aws_s3_object" "o" {
  bucket  = aws_s3_bucket.b.id
  key     = "a"
  content = "hello"
}

resource "aws_lambda_event_source_mapping" "m" {
  event_source_arn = aws_sqs_queue.q.arn
  function_name    = aws_lambda_function.ingest.arn
  batch_size       = 10
  scaling_config { maximum_concurrency = 5 }
}

resource "aws_lambda_function_event_invoke_config" "c" {
  function_name = aws_lambda_function.ingest.function_name
}

resource "aws_lambda_layer_version" "l" {
  layer_name = "mill"
  filename   = "code.zip"
}

resource "aws_iam_role_policy_attachment" "a" {
  role       = aws_iam_role.writer.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iot_policy" "p" {
  name   = "mill"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "iot:Connect", Resource = "*" }] })
}

resource "aws_iot_provisioning_template" "t" {
  name                  = "mill"
  provisioning_role_arn = aws_iam_role.writer.arn
  template_body         = jsonencode({ Parameters = {} })
}

resource "aws_kinesis_stream" "s" {
  name = "mill"
  stream_mode_details { stream_mode = "ON_DEMAND" }
}

resource "aws_cloudwatch_metric_alarm" "a" {
  alarm_name          = "mill"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "Errors"
  namespace           = "AWS/Lambda"
  period              = 60
  statistic           = "Sum"
  threshold           = 0
}

resource "aws_budgets_budget" "b" {
  name         = "mill"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = "10"
  limit_unit   = "USD"
  notification {
    comparison_operator        = "GREATER_THAN"
    threshold                  = 80
    threshold_type             = "PERCENTAGE"
    notification_type          = "ACTUAL"
    subscriber_email_addresses = ["a@b.c"]
  }
}

resource "aws_cloudformation_stack" "s" {
  name          = "mill"
  template_body = jsonencode({ Resources = {} })
}

resource "aws_grafana_workspace" "g" {
  name                     = "mill"
  account_access_type      = "CURRENT_ACCOUNT"
  authentication_providers = ["AWS_SSO"]
  permission_type          = "SERVICE_MANAGED"
}

resource "aws_apigatewayv2_api" "a" {
  name          = "mill"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_stage" "s" {
  api_id      = aws_apigatewayv2_api.a.id
  name        = "$default"
  auto_deploy = true
}

resource "aws_apigatewayv2_integration" "i" {
  api_id           = aws_apigatewayv2_api.a.id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_function.ingest.invoke_arn
}

resource "aws_apigatewayv2_route" "r" {
  api_id    = aws_apigatewayv2_api.a.id
  route_key = "$default"
}

resource "aws_vpc" "v" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.0.1.0/24"
}

resource "aws_security_group" "g" {
  vpc_id = aws_vpc.v.id
  name   = "mill"
}

resource "aws_vpc_security_group_egress_rule" "e" {
  security_group_id = aws_security_group.g.id
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_ecs_cluster" "c" {
  name = "mill"
}

resource "aws_ecs_task_definition" "t" {
  family                   = "mill"
  container_definitions    = jsonencode([{ name = "a", image = "b", essential = true }])
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
}

resource "aws_ecs_service" "s" {
  name            = "mill"
  cluster         = aws_ecs_cluster.c.arn
  task_definition = aws_ecs_task_definition.t.arn
  launch_type     = "FARGATE"
  desired_count   = 1
  network_configuration { subnets = [aws_subnet.s.id] }
}

resource "aws_efs_file_system" "f" {
  encrypted = true
}

resource "aws_efs_mount_target" "t" {
  file_system_id = aws_efs_file_system.f.id
  subnet_id      = aws_subnet.s.id
}

resource "aws_service_discovery_private_dns_namespace" "n" {
  name = "mill.local"
  vpc  = aws_vpc.v.id
}
