# A small network of its own, for accounts need not have a default one: two public subnets, the HTTP API's link into
# them, and three security groups that admit link → task → files and nothing else.

data "aws_availability_zones" "all" {
  #checkov:skip=CKV_AWS_394: the first two are used, whatever is added behind them
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11: flow logs are billed by the byte; there is one task, which only its link reaches
  #checkov:skip=CKV2_AWS_12: nothing is in the default group; the three below are what is used
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(var.tags, { Name = var.name })
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = var.name })
}

resource "aws_subnet" "public" {
  for_each = toset(["0", "1"])

  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet(var.cidr, 2, tonumber(each.key))
  availability_zone = element(data.aws_availability_zones.all.names, tonumber(each.key))
  tags              = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = var.name })

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}

resource "aws_security_group" "link" {
  name        = "${var.network}-link"
  description = "The HTTP API on its way to Grafana"
  vpc_id      = aws_vpc.this.id
  tags        = merge(var.tags, { Name = "${var.name}-link" })
}

resource "aws_security_group" "dashboards" {
  name        = "${var.network}-task"
  description = "Grafana"
  vpc_id      = aws_vpc.this.id
  tags        = merge(var.tags, { Name = "${var.name}-task" })
}

resource "aws_security_group" "files" {
  name        = "${var.network}-files"
  description = "Files of Grafana"
  vpc_id      = aws_vpc.this.id
  tags        = merge(var.tags, { Name = "${var.name}-files" })
}

resource "aws_vpc_security_group_egress_rule" "link" {
  security_group_id            = aws_security_group.link.id
  description                  = "to Grafana"
  referenced_security_group_id = aws_security_group.dashboards.id
  ip_protocol                  = "tcp"
  from_port                    = 3000
  to_port                      = 3000
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "dashboards" {
  security_group_id            = aws_security_group.dashboards.id
  description                  = "from the HTTP API"
  referenced_security_group_id = aws_security_group.link.id
  ip_protocol                  = "tcp"
  from_port                    = 3000
  to_port                      = 3000
  tags                         = var.tags
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.dashboards.id
  description       = "image, plug-in, readers in all clouds"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

resource "aws_vpc_security_group_egress_rule" "files" {
  security_group_id            = aws_security_group.dashboards.id
  description                  = "to its files"
  referenced_security_group_id = aws_security_group.files.id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "files" {
  security_group_id            = aws_security_group.files.id
  description                  = "from Grafana"
  referenced_security_group_id = aws_security_group.dashboards.id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  tags                         = var.tags
}

# The HTTP API finds the task in Cloud Map, where ECS keeps address and port of the one that runs.
resource "aws_service_discovery_private_dns_namespace" "this" {
  name        = "${var.name}.internal"
  description = "Twin2MultiCloud: where Grafana is"
  vpc         = aws_vpc.this.id
  tags        = var.tags
}

resource "aws_service_discovery_service" "dashboards" {
  name = "grafana"
  tags = merge(var.tags, { component = "dashboards" })

  dns_config {
    namespace_id = aws_service_discovery_private_dns_namespace.this.id

    dns_records {
      type = "SRV"
      ttl  = 15
    }
  }
}

resource "aws_apigatewayv2_vpc_link" "dashboards" {
  name               = var.name
  security_group_ids = [aws_security_group.link.id]
  subnet_ids         = [for subnet in aws_subnet.public : subnet.id]
  tags               = merge(var.tags, { component = "dashboards" })
}

resource "aws_apigatewayv2_api" "dashboards" {
  name          = var.name
  description   = "Twin2MultiCloud: TLS before Grafana"
  protocol_type = "HTTP"
  tags          = merge(var.tags, { component = "dashboards" })
}

resource "aws_apigatewayv2_integration" "dashboards" {
  api_id             = aws_apigatewayv2_api.dashboards.id
  integration_type   = "HTTP_PROXY"
  integration_method = "ANY"
  integration_uri    = aws_service_discovery_service.dashboards.arn
  connection_type    = "VPC_LINK"
  connection_id      = aws_apigatewayv2_vpc_link.dashboards.id
}

resource "aws_apigatewayv2_route" "dashboards" {
  #checkov:skip=CKV_AWS_309: people sign in at Grafana
  api_id    = aws_apigatewayv2_api.dashboards.id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.dashboards.id}"
}

resource "aws_apigatewayv2_stage" "dashboards" {
  #checkov:skip=CKV_AWS_76: Grafana logs who signs in and what is asked
  api_id      = aws_apigatewayv2_api.dashboards.id
  name        = "$default"
  auto_deploy = true
  tags        = merge(var.tags, { component = "dashboards" })

  default_route_settings {
    throttling_rate_limit  = 100
    throttling_burst_limit = 200
  }
}
