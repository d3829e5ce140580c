# Secrets. Terraform makes them, so that rights can be given one by one, and never knows a value of worth: each begins
# with "unset", which our functions take for none (a Grafana's password with one that nobody knows), by an argument that
# is kept in no state. The steps after Terraform write the values, and Terraform never looks at them again.
#
# Purge protection keeps a deleted vault for its 7 days; its name holds the deployment's own letters, and the provider
# is told to recover it where the same deployment comes back.

resource "azurerm_key_vault" "this" {
  #checkov:skip=CKV_AZURE_109: Consumption plans have no fixed address or network; identities alone let in
  #checkov:skip=CKV_AZURE_189: see CKV_AZURE_109
  #checkov:skip=CKV2_AZURE_32: a private endpoint costs more than the twin
  name                = var.vault
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tenant_id           = data.azurerm_client_config.current.tenant_id
  sku_name            = "standard"
  tags                = var.tags

  rbac_authorization_enabled    = true
  purge_protection_enabled      = true
  soft_delete_retention_days    = 7
  public_network_access_enabled = true
}

resource "azurerm_key_vault_secret" "this" {
  #checkov:skip=CKV_AZURE_41: links are rotated by a command, which would find an expired secret too late
  for_each = var.secrets

  name             = each.key
  key_vault_id     = azurerm_key_vault.this.id
  content_type     = each.value == "random" ? "text/plain" : "application/json"
  value_wo         = each.value == "random" ? "${uuid()}${uuid()}" : "unset"
  value_wo_version = 1
  tags             = var.tags

  lifecycle {
    # A random text is another one at every plan, and none of them matters after the first.
    ignore_changes = [value_wo, content_type]
  }

  depends_on = [azurerm_role_assignment.operator]
}
