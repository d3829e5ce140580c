# Alerts and errors: topics that functions publish on, and one queue to which both are delivered. The management backend
# pulls from it; nothing has to be reachable from Azure.

resource "azurerm_user_assigned_identity" "events" {
  name                = var.events.identity
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = var.tags
}

resource "azurerm_eventgrid_topic" "topic" {
  #checkov:skip=CKV_AZURE_193: Consumption plans have no fixed address or network; identities alone let in
  for_each = var.events.topics

  name                = each.value
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = merge(var.tags, { component = each.key })

  input_schema                  = "CloudEventSchemaV1_0"
  local_auth_enabled            = false
  public_network_access_enabled = true

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.events.id]
  }
}

resource "azurerm_storage_queue" "queue" {
  for_each = { (var.events.component) = var.events.queue }

  name               = each.value
  storage_account_id = azurerm_storage_account.code.id
}

resource "azurerm_storage_container" "undelivered" {
  #checkov:skip=CKV2_AZURE_21: it stays empty unless the queue is gone
  name                  = "undelivered"
  storage_account_id    = azurerm_storage_account.code.id
  container_access_type = "private"
}

resource "azurerm_role_assignment" "events" {
  for_each = {
    queue       = { scope = "${azurerm_storage_account.code.id}/queueServices/default/queues/${var.events.queue}", role = "Storage Queue Data Message Sender" }
    undelivered = { scope = azurerm_storage_container.undelivered.id, role = "Storage Blob Data Contributor" }
  }

  scope                            = each.value.scope
  role_definition_name             = each.value.role
  principal_id                     = azurerm_user_assigned_identity.events.principal_id
  principal_type                   = "ServicePrincipal"
  skip_service_principal_aad_check = true
  description                      = "topics deliver: ${each.key}"

  depends_on = [azurerm_storage_queue.queue]
}

resource "azurerm_eventgrid_event_subscription" "queue" {
  for_each = azurerm_eventgrid_topic.topic

  name                  = "queue"
  scope                 = each.value.id
  event_delivery_schema = "CloudEventSchemaV1_0"

  storage_queue_endpoint {
    storage_account_id                    = azurerm_storage_account.code.id
    queue_name                            = var.events.queue
    queue_message_time_to_live_in_seconds = 604800
  }

  delivery_identity {
    type                   = "UserAssigned"
    user_assigned_identity = azurerm_user_assigned_identity.events.id
  }

  dead_letter_identity {
    type                   = "UserAssigned"
    user_assigned_identity = azurerm_user_assigned_identity.events.id
  }

  storage_blob_dead_letter_destination {
    storage_account_id          = azurerm_storage_account.code.id
    storage_blob_container_name = azurerm_storage_container.undelivered.name
  }

  retry_policy {
    event_time_to_live    = 1440
    max_delivery_attempts = 30
  }

  depends_on = [azurerm_role_assignment.events]
}
