# L1: an IoT Hub, at which devices sign in with certificates of the deployment's own authority (or keys), and the
# functions that carry telemetry to, and commands from, processing elsewhere.
#
# Telemetry is read from the hub's built-in Event Hubs-compatible endpoint. News of devices that come and go are routed
# to the same endpoint, where they arrive in order with what those devices sent: no topic, no subscription, no function
# of its own. The endpoint takes keys only (Microsoft: "Event Hubs-compatible endpoints do not support Entra ID"), so the
# connection string of a policy that may only read becomes the secret `hub`, written after Terraform and referred to
# by the settings of whoever reads.

locals {
  digital_twins_url = "" # nothing here reaches the twin graph
}

resource "azurerm_iothub" "gateway" {
  #checkov:skip=CKV_AZURE_108: devices are anywhere; they are let in by certificate or key
  name                = var.hub.name
  location            = var.location
  resource_group_name = var.resource_group
  tags                = merge(var.tags, { component = "gateway" })

  sku {
    name     = var.hub.sku
    capacity = var.hub.units
  }

  # The built-in endpoint needs a key, and devices that cannot hold a certificate have one each.
  local_authentication_enabled  = true
  public_network_access_enabled = true
  # Everywhere else the service's own least version holds, which is 1.2.
  min_tls_version = var.hub.min_tls

  # Fixed once made: as many readers of a partition's order as a hub of this size ever needs.
  event_hub_partition_count   = var.hub.partitions
  event_hub_retention_in_days = 7

  fallback_route {
    enabled        = true
    source         = "DeviceMessages"
    condition      = "true"
    endpoint_names = ["events"]
  }
}

resource "azurerm_iothub_route" "presence" {
  name                = "presence"
  resource_group_name = var.resource_group
  iothub_name         = azurerm_iothub.gateway.name
  source              = "DeviceConnectionStateEvents"
  condition           = "true"
  endpoint_names      = ["events"]
  enabled             = true
}

# Devices show certificates that this authority signed; its private key never comes here.
resource "azurerm_iothub_certificate" "devices" {
  count = var.device_ca_pem == "" ? 0 : 1

  name                = "devices"
  resource_group_name = var.resource_group
  iothub_name         = azurerm_iothub.gateway.name
  certificate_content = base64encode(var.device_ca_pem)
  is_verified         = true
}

# Each reader has a group of its own, named after its component.
resource "azurerm_iothub_consumer_group" "reader" {
  for_each = var.readers

  name                   = each.key
  resource_group_name    = var.resource_group
  iothub_name            = azurerm_iothub.gateway.name
  eventhub_endpoint_name = "events"
}

# What readers sign in with. It may read the endpoint and call devices, not change the registry.
resource "azurerm_iothub_shared_access_policy" "reader" {
  name                = "reader"
  resource_group_name = var.resource_group
  iothub_name         = azurerm_iothub.gateway.name
  service_connect     = true
}

# Rights on the hub of functions that were built before it: those of processing next door.
resource "azurerm_role_assignment" "guest" {
  for_each = var.guests

  scope                            = azurerm_iothub.gateway.id
  role_definition_name             = each.value.role
  principal_id                     = var.guest_principals[each.value.component]
  principal_type                   = "ServicePrincipal"
  skip_service_principal_aad_check = true
  description                      = each.key
}
