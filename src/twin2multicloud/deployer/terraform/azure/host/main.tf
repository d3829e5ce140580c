# The storage account of a slot's function host: its locks and function keys, the checkpoints of readers of a hub, the
# slot's queues, and the container for events that no queue message can hold.
#
# The host of an app wants to own its account's blobs, so that apps which share an account can read each other's state.
# Apps of one slot do; packages, records and other slots' queues lie elsewhere. Queues are granted one by one.

resource "azurerm_storage_account" "this" {
  #checkov:skip=CKV_AZURE_59: the Functions host has no fixed address or network on these plans; identities alone let in
  #checkov:skip=CKV2_AZURE_33: private endpoints cost more than the twin; keys are off and all access is by identity
  #checkov:skip=CKV2_AZURE_1: Microsoft's keys encrypt (infrastructure encryption besides); a key of one's own costs a vault
  #checkov:skip=CKV_AZURE_206: queues and locks are worth nothing without their region
  #checkov:skip=CKV_AZURE_33: who reads which message is in our own traces; the service's logs would cost more than the queues
  #checkov:skip=CKV2_AZURE_38: locks and checkpoints are rewritten all the time, soft deletion would keep every version
  #checkov:skip=CKV2_AZURE_40: shared keys are off
  #checkov:skip=CKV2_AZURE_41: shared keys are off, so that there are no shared access signatures
  name                = var.account
  location            = var.location
  resource_group_name = var.resource_group
  tags                = var.tags

  account_tier             = "Standard"
  account_replication_type = "LRS"
  account_kind             = "StorageV2"

  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  shared_access_key_enabled         = false
  default_to_oauth_authentication   = true
  allow_nested_items_to_be_public   = false
  cross_tenant_replication_enabled  = false
  local_user_enabled                = false
  infrastructure_encryption_enabled = true
}

# Messages do not expire, and what fails for good is set aside by our own code after five deliveries, in the store of
# dead letters with its reason; the service has no dead-letter queues.
resource "azurerm_storage_queue" "queue" {
  for_each = var.queues

  name               = each.key
  storage_account_id = azurerm_storage_account.this.id
  metadata           = { component = replace(each.key, "-", "_") }
}

# Where the Event Hubs extension saves how far it has read; the name is its own.
resource "azurerm_storage_container" "checkpoints" {
  #checkov:skip=CKV2_AZURE_21: a checkpoint every few seconds is no event worth a log line
  for_each = var.checkpoints

  name                  = "azure-webjobs-eventhub"
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

resource "azurerm_storage_container" "overflow" {
  #checkov:skip=CKV2_AZURE_21: a large event is read once or twice; a log of that would cost more than it says
  name                  = "overflow"
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

# A consumer leaves large events where they are, since a message may come again; in 90 days every queue is emptied.
resource "azurerm_storage_management_policy" "this" {
  storage_account_id = azurerm_storage_account.this.id

  rule {
    name    = "overflow"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["${azurerm_storage_container.overflow.name}/"]
    }

    actions {
      base_blob {
        delete_after_days_since_creation_greater_than = 90
      }
    }
  }
}
