# The account of functions' packages. Functions may read packages, and nobody but whoever deploys may write them: an app
# that was broken into cannot change another's code. The queue of errors lies here, too, away from functions.

resource "azurerm_storage_account" "code" {
  #checkov:skip=CKV_AZURE_59: Consumption plans have no fixed address or network; identities alone let in
  #checkov:skip=CKV2_AZURE_33: private endpoints cost more than the twin; keys are off and all access is by identity
  #checkov:skip=CKV2_AZURE_1: Microsoft's keys encrypt (infrastructure encryption besides); a key of one's own costs a vault
  #checkov:skip=CKV_AZURE_206: packages can be built again
  #checkov:skip=CKV_AZURE_33: the queue's messages are errors already told; logs of them would cost more
  #checkov:skip=CKV2_AZURE_40: shared keys are off
  #checkov:skip=CKV2_AZURE_41: shared keys are off, so that there are no shared access signatures
  name                = var.code.account
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
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

  blob_properties {
    # A package that was replaced can be brought back for a week.
    delete_retention_policy {
      days = 7
    }
  }
}

resource "azurerm_storage_container" "packages" {
  #checkov:skip=CKV2_AZURE_21: apps fetch packages at each start; a log of that would cost more than it says
  name                  = var.code.packages
  storage_account_id    = azurerm_storage_account.code.id
  container_access_type = "private"
}
