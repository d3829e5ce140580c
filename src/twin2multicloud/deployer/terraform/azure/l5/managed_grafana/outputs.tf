output "dashboards" {
  description = "Where people look at dashboards, and where a step pushes them, signed in as whoever deployed."
  value = {
    url  = azurerm_dashboard_grafana.dashboards.endpoint
    api  = "${azurerm_dashboard_grafana.dashboards.endpoint}/api"
    kind = "azure-managed"
  }
}
