# L5 on Amazon Managed Grafana: a workspace whose users sign in by IAM Identity Center, and a service account through
# which a step after this pushes data source, dashboards, alert rules and the plug-in.
#
# The workspace reads nothing of the account: dashboards ask our readers over HTTPS. So its role has no rights, and the
# service account has no token here: tokens expire within thirty days and are made when needed, outside of the state.

resource "aws_grafana_workspace" "dashboards" {
  name                     = var.name
  description              = "Twin2MultiCloud: dashboards of ${var.tags["twin"]}"
  account_access_type      = "CURRENT_ACCOUNT"
  authentication_providers = ["AWS_SSO"]
  permission_type          = "CUSTOMER_MANAGED"
  role_arn                 = aws_iam_role.dashboards.arn
  grafana_version          = var.grafana_version
  # The Infinity data source is a plug-in, which administrators may install only with this.
  configuration = jsonencode({
    plugins         = { pluginAdminEnabled = true }
    unifiedAlerting = { enabled = true }
  })
  tags = merge(var.tags, { component = "dashboards" })
}

resource "aws_iam_role" "dashboards" {
  name = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "grafana.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
  tags = merge(var.tags, { component = "dashboards" })
}

resource "aws_grafana_workspace_service_account" "dashboards" {
  name         = "twin2multicloud"
  grafana_role = "ADMIN"
  workspace_id = aws_grafana_workspace.dashboards.id
}

resource "aws_grafana_role_association" "users" {
  for_each = { for role, users in { ADMIN = var.administrators, VIEWER = var.viewers } : role => users if length(users) > 0 }

  role         = each.key
  user_ids     = each.value
  workspace_id = aws_grafana_workspace.dashboards.id
}
