# The share with Grafana's database.

resource "azurerm_storage_account" "grafana" {
  #checkov:skip=CKV_AZURE_59: the Consumption profile has no fixed address or network of ours
  #checkov:skip=CKV2_AZURE_33: a private endpoint costs more than the container
  #checkov:skip=CKV2_AZURE_40: Container Apps mounts shares with the account's key
  #checkov:skip=CKV2_AZURE_1: Microsoft's keys encrypt (infrastructure encryption besides); a key of one's own costs a vault
  #checkov:skip=CKV_AZURE_206: dashboards and data source can be pushed again
  #checkov:skip=CKV_AZURE_33: the account has no queues
  #checkov:skip=CKV2_AZURE_38: the account has no blobs
  #checkov:skip=CKV2_AZURE_41: nobody hands out shared access signatures
  name                = var.names.storage
  location            = var.location
  resource_group_name = var.resource_group
  tags                = local.tags

  account_tier             = "Standard"
  account_replication_type = "LRS"
  account_kind             = "StorageV2"

  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  shared_access_key_enabled         = true
  allow_nested_items_to_be_public   = false
  cross_tenant_replication_enabled  = false
  local_user_enabled                = false
  infrastructure_encryption_enabled = true
}

resource "azurerm_storage_share" "grafana" {
  name               = "grafana"
  storage_account_id = azurerm_storage_account.grafana.id
  quota              = 1 # GiB
  access_tier        = "TransactionOptimized"
}

resource "azurerm_container_app_environment_storage" "grafana" {
  name                         = "grafana"
  container_app_environment_id = azurerm_container_app_environment.this.id
  account_name                 = azurerm_storage_account.grafana.name
  share_name                   = azurerm_storage_share.grafana.name
  access_key                   = azurerm_storage_account.grafana.primary_access_key
  access_mode                  = "ReadWrite"
}
