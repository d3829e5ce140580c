output "dashboards" {
  description = "Where people look at dashboards, where a step pushes them, and the service account that it needs a token of."
  value = {
    url             = "https://${aws_grafana_workspace.dashboards.endpoint}"
    api             = "https://${aws_grafana_workspace.dashboards.endpoint}/api"
    kind            = "aws-managed"
    workspace       = aws_grafana_workspace.dashboards.id
    service_account = aws_grafana_workspace_service_account.dashboards.service_account_id
  }
}
