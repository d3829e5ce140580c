# L5 as Grafana OSS: one container on Fargate behind an HTTP API, which ends TLS and gives it an address that stays.
#
# The task has a public address (the bill counts it), to fetch its image and plug-in and to ask readers in other clouds;
# nobody reaches it there: its security group admits the HTTP API's link alone. A load balancer would cost more than the
# container. What Grafana keeps (users, dashboards, alert rules) is on a file system, so that a restart loses nothing.

resource "aws_ecs_cluster" "dashboards" {
  #checkov:skip=CKV_AWS_65: container insights are billed by the metric; Grafana's own health check tells enough
  name = var.name
  tags = merge(var.tags, { component = "dashboards" })
}

resource "aws_cloudwatch_log_group" "dashboards" {
  #checkov:skip=CKV_AWS_158: CloudWatch encrypts logs with its own key; a key of our own is billed monthly, the bill has none
  #checkov:skip=CKV_AWS_338: how long logs are kept is the deployment's setting
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_retention_days
  tags              = merge(var.tags, { component = "dashboards" })
}

resource "aws_ecs_task_definition" "dashboards" {
  #checkov:skip=CKV_AWS_336: Grafana puts its plug-in beside itself when it starts
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu_units
  memory                   = var.memory_mib
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  tags                     = merge(var.tags, { component = "dashboards" })

  container_definitions = jsonencode([{
    name                   = "grafana"
    image                  = var.image
    essential              = true
    user                   = "472"
    readonlyRootFilesystem = false
    portMappings           = [{ containerPort = 3000, protocol = "tcp" }]
    environment = [
      for name, value in merge(var.environment, { GF_SERVER_ROOT_URL = aws_apigatewayv2_api.dashboards.api_endpoint }) :
      { name = name, value = value }
    ]
    secrets     = [{ name = "GF_SECURITY_ADMIN_PASSWORD", valueFrom = local.password_arn }]
    mountPoints = [{ sourceVolume = "grafana", containerPath = "/var/lib/grafana", readOnly = false }]
    healthCheck = {
      command     = ["CMD-SHELL", "wget -q --spider http://localhost:3000/api/health || exit 1"]
      interval    = 30
      timeout     = 5
      retries     = 3
      startPeriod = 120
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.dashboards.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "grafana"
      }
    }
  }])

  volume {
    name = "grafana"

    efs_volume_configuration {
      file_system_id     = aws_efs_file_system.dashboards.id
      transit_encryption = "ENABLED"

      authorization_config {
        access_point_id = aws_efs_access_point.dashboards.id
        iam             = "ENABLED"
      }
    }
  }

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }
}

# The task starts when the wiring step has written the administrator's password; until then ECS tries again.
resource "aws_ecs_service" "dashboards" {
  #checkov:skip=CKV_AWS_333: the public address is for what the task fetches; its security group admits the link alone
  name             = var.name
  cluster          = aws_ecs_cluster.dashboards.id
  task_definition  = aws_ecs_task_definition.dashboards.arn
  launch_type      = "FARGATE"
  platform_version = "LATEST"
  desired_count    = 1
  # One Grafana at a time has its database open.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100
  propagate_tags                     = "SERVICE"
  tags                               = merge(var.tags, { component = "dashboards" })

  network_configuration {
    subnets          = [for subnet in aws_subnet.public : subnet.id]
    security_groups  = [aws_security_group.dashboards.id]
    assign_public_ip = true
  }

  service_registries {
    registry_arn   = aws_service_discovery_service.dashboards.arn
    container_name = "grafana"
    container_port = 3000
  }

  depends_on = [
    aws_efs_mount_target.dashboards,
    aws_iam_role_policy.execution,
    aws_iam_role_policy.task,
    aws_route_table_association.public,
    aws_vpc_security_group_egress_rule.https,
  ]
}

# Grafana's files. They are few: the elastic mode is billed by what is read and written.
resource "aws_efs_file_system" "dashboards" {
  #checkov:skip=CKV_AWS_184: encrypted with Amazon's key for EFS; a key of our own is billed monthly, the bill has none
  creation_token  = var.name
  encrypted       = true
  throughput_mode = "elastic"
  tags            = merge(var.tags, { component = "dashboards", Name = var.name })
}

resource "aws_efs_access_point" "dashboards" {
  file_system_id = aws_efs_file_system.dashboards.id
  tags           = merge(var.tags, { component = "dashboards" })

  posix_user {
    uid = 472 # Grafana's own in its image
    gid = 0
  }

  root_directory {
    path = "/grafana"

    creation_info {
      owner_uid   = 472
      owner_gid   = 0
      permissions = "0750"
    }
  }
}

resource "aws_efs_mount_target" "dashboards" {
  for_each = aws_subnet.public

  file_system_id  = aws_efs_file_system.dashboards.id
  subnet_id       = each.value.id
  security_groups = [aws_security_group.files.id]
}
