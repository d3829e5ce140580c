# The app on a Flex Consumption plan: the plan belongs to the one app, and the package lies in a container of its own
# under the name that the service looks for.

locals {
  flex = var.function.flex == null ? {} : { app = var.function.flex }
}

resource "azurerm_service_plan" "flex" {
  #checkov:skip=CKV_AZURE_212: the plan has no fixed number of instances; it grows with its queue
  #checkov:skip=CKV_AZURE_225: zone redundancy asks for instances that are always ready, which are not in the bill
  for_each = local.flex

  name                = each.value.plan
  location            = var.location
  resource_group_name = var.resource_group
  os_type             = "Linux"
  sku_name            = "FC1"
  tags                = local.tags
}

# A container per version, so that no instance ever meets half a package.
resource "azurerm_storage_container" "flex" {
  #checkov:skip=CKV2_AZURE_21: who reads packages is in the account's metrics; each read in a log would cost more
  for_each = local.flex

  name                  = "flex-${substr(sha256(var.function.app), 0, 8)}-${substr(local.version, 0, 16)}"
  storage_account_id    = var.code.account_id
  container_access_type = "private"

  lifecycle {
    create_before_destroy = true
  }
}

resource "azurerm_storage_blob" "flex" {
  for_each = local.flex

  name                 = "released-package.zip"
  storage_container_id = azurerm_storage_container.flex[each.key].id
  type                 = "Block"
  content_type         = "application/zip"
  source               = local.package_file

  lifecycle {
    create_before_destroy = true
  }
}

# The service asks for a role that may write, too; on this app's own container it reaches no other app's code.
resource "azurerm_role_assignment" "flex_package" {
  for_each = local.flex

  scope                            = azurerm_storage_container.flex[each.key].id
  role_definition_name             = "Storage Blob Data Contributor"
  principal_id                     = azurerm_user_assigned_identity.this.principal_id
  principal_type                   = "ServicePrincipal"
  skip_service_principal_aad_check = true
  description                      = "the app's package"

  lifecycle {
    create_before_destroy = true
  }
}

resource "azurerm_function_app_flex_consumption" "this" {
  for_each = local.flex

  name                = var.function.app
  location            = var.location
  resource_group_name = var.resource_group
  service_plan_id     = azurerm_service_plan.flex[each.key].id
  tags                = local.tags

  enabled                                        = var.function.running
  https_only                                     = true
  webdeploy_publish_basic_authentication_enabled = false

  runtime_name           = "python"
  runtime_version        = "3.12"
  instance_memory_in_mb  = each.value.memory_mib
  maximum_instance_count = 40 # the least that the service takes as a limit

  storage_container_type            = "blobContainer"
  storage_container_endpoint        = "${var.code.endpoint}/${azurerm_storage_container.flex[each.key].name}"
  storage_authentication_type       = "UserAssignedIdentity"
  storage_user_assigned_identity_id = azurerm_user_assigned_identity.this.id

  app_settings = merge(local.settings, {
    AzureWebJobsStorage__accountName = var.host_account
    # Restarts the app when its package is another one.
    T2M_PACKAGE = azurerm_storage_blob.flex[each.key].storage_container_id
  })

  # Where a setting is a reference to the vault, this plan resolves it with the app's system-assigned identity.
  identity {
    type         = var.function.hub_secret ? "SystemAssigned, UserAssigned" : "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this.id]
  }

  site_config {
    application_insights_connection_string = var.insights
    http2_enabled                          = true
    minimum_tls_version                    = "1.2"
    scm_minimum_tls_version                = "1.2"
  }

  depends_on = [
    azurerm_role_assignment.this,
    azurerm_role_assignment.flex_package,
    azurerm_cosmosdb_sql_role_assignment.this,
  ]
}

resource "azurerm_role_assignment" "flex_hub_secret" {
  for_each = { for key, value in local.flex : key => value if var.function.hub_secret }

  scope                            = one([for word, role in var.function.roles : role.scope if startswith(word, "consume:devices")])
  role_definition_name             = "Key Vault Secrets User"
  principal_id                     = azurerm_function_app_flex_consumption.this[each.key].identity[0].principal_id
  principal_type                   = "ServicePrincipal"
  skip_service_principal_aad_check = true
  description                      = "the hub's endpoint, for the reference in the app's settings"
}
