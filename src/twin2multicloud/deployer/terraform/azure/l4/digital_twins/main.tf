# L4 as Azure Digital Twins: the instance, the reader that dashboards ask, and a receiver where processing is elsewhere.
# Models, twins and relationships are loaded after Terraform, with the rights of whoever deploys.

locals {
  digital_twins_url = "https://${azurerm_digital_twins_instance.graph.host_name}"
}

resource "azurerm_digital_twins_instance" "graph" {
  name                = var.instance
  location            = var.location
  resource_group_name = var.resource_group
  tags                = merge(var.tags, { component = "graph" })
}
