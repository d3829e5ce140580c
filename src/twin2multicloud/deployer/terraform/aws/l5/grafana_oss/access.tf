# Who the task is: one role that starts it (image log and password), one that it runs as (its files).

locals {
  # Secrets Manager puts six characters behind a secret's name; without them ECS finds the secret by its name.
  password_arn = "arn:${local.partition}:secretsmanager:${var.region}:${local.account}:secret:${var.password}"
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role" "execution" {
  name               = var.execution_role
  assume_role_policy = local.trust
  tags               = merge(var.tags, { component = "dashboards" })
}

resource "aws_iam_role_policy" "execution" {
  name = "start"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.dashboards.arn}:*"]
      },
      {
        Sid      = "Password"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = ["${local.password_arn}-??????"]
      },
    ]
  })
}

resource "aws_iam_role" "task" {
  name               = var.task_role
  assume_role_policy = local.trust
  tags               = merge(var.tags, { component = "dashboards" })
}

resource "aws_iam_role_policy" "task" {
  name = "files"
  role = aws_iam_role.task.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Files"
      Effect   = "Allow"
      Action   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
      Resource = [aws_efs_file_system.dashboards.arn]
      Condition = {
        StringEquals = { "elasticfilesystem:AccessPointArn" = aws_efs_access_point.dashboards.arn }
      }
    }]
  })
}
