# A storage account for the objects of one tier, with the container that bears the component's name. Objects are written
# once, each in its access tier; rules of the account change the tier and delete by age.

resource "azurerm_storage_account" "this" {
  #checkov:skip=CKV_AZURE_59: Consumption plans have no fixed address or network; identities alone let in
  #checkov:skip=CKV2_AZURE_33: private endpoints cost more than the twin; keys are off and all access is by identity
  #checkov:skip=CKV2_AZURE_1: Microsoft's keys encrypt (infrastructure encryption besides); a key of one's own costs a vault
  #checkov:skip=CKV_AZURE_206: the bill is that of local redundancy; a copy in another region is another price
  #checkov:skip=CKV_AZURE_33: the account has no queues
  #checkov:skip=CKV2_AZURE_38: movers delete what the next tier has acknowledged; soft deletion would bill it twice
  #checkov:skip=CKV2_AZURE_40: shared keys are off
  #checkov:skip=CKV2_AZURE_41: shared keys are off, so that there are no shared access signatures
  name                = var.account
  location            = var.location
  resource_group_name = var.resource_group
  tags                = merge(var.tags, { component = var.component })

  account_tier             = "Standard"
  account_replication_type = "LRS"
  account_kind             = "StorageV2"
  access_tier              = "Hot" # of what is written without a tier, which nothing of ours is

  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  shared_access_key_enabled         = false
  default_to_oauth_authentication   = true
  allow_nested_items_to_be_public   = false
  cross_tenant_replication_enabled  = false
  local_user_enabled                = false
  infrastructure_encryption_enabled = true
}

resource "azurerm_storage_container" "bucket" {
  #checkov:skip=CKV2_AZURE_21: every object is created once and read rarely; a log of it would cost more than it says
  for_each = toset([var.component])

  name                  = each.key
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

resource "azurerm_storage_management_policy" "this" {
  count = var.archive_after_days == null && var.delete_after_days == null ? 0 : 1

  storage_account_id = azurerm_storage_account.this.id

  rule {
    name    = "ages"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["${var.component}/"]
    }

    actions {
      base_blob {
        tier_to_archive_after_days_since_creation_greater_than = var.archive_after_days
        delete_after_days_since_creation_greater_than          = var.delete_after_days
      }
    }
  }

  depends_on = [azurerm_storage_container.bucket]
}
