# L5 as Azure Managed Grafana: the instance, and who may do what in it. Whoever deploys administers it (the step that
# pushes data source, dashboards and alert rules signs in as that person), those who are named look at it.

data "azurerm_client_config" "current" {}

resource "azurerm_dashboard_grafana" "dashboards" {
  name                  = var.instance
  location              = var.location
  resource_group_name   = var.resource_group
  tags                  = merge(var.tags, { component = "dashboards" })
  grafana_major_version = var.grafana_major_version

  sku                               = "Standard"
  api_key_enabled                   = false # people's own tokens do
  public_network_access_enabled     = true  # people sign in from anywhere, with their directory
  deterministic_outbound_ip_enabled = false
  zone_redundancy_enabled           = false # twice the price
}

resource "azurerm_role_assignment" "administrator" {
  scope                = azurerm_dashboard_grafana.dashboards.id
  role_definition_name = "Grafana Admin"
  principal_id         = data.azurerm_client_config.current.object_id
  description          = "whoever deploys"
}

data "azuread_user" "viewer" {
  for_each = var.viewers

  mail = each.key
}

resource "azurerm_role_assignment" "viewer" {
  for_each = var.viewers

  scope                = azurerm_dashboard_grafana.dashboards.id
  role_definition_name = "Grafana Viewer"
  principal_id         = data.azuread_user.viewer[each.key].object_id
  principal_type       = "User"
  description          = "a user of the twin"
}
