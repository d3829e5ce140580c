output "dashboards" {
  description = "Where people look at dashboards, and where a step pushes them, signed in as whoever deployed."
  value = {
    kind         = "azure-managed"
    url          = azurerm_dashboard_grafana.dashboards.endpoint
    api          = "${azurerm_dashboard_grafana.dashboards.endpoint}/api"
    workspace_id = azurerm_dashboard_grafana.dashboards.id
  }
}
