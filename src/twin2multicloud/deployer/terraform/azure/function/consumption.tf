# The app on the Consumption plan, which runs the package from its blob.

resource "azurerm_storage_blob" "package" {
  count = var.function.flex == null ? 1 : 0

  name                 = "${var.function.app}/${local.version}.zip"
  storage_container_id = var.code.container_id
  type                 = "Block"
  content_type         = "application/zip"
  source               = local.package_file

  lifecycle {
    # The app goes over to the new package before the old one is gone.
    create_before_destroy = true
  }
}

resource "azurerm_linux_function_app" "consumption" {
  #checkov:skip=CKV_AZURE_221: receivers are posted to by other clouds; what lets a request in is our signature
  count = var.function.flex == null ? 1 : 0

  name                = var.function.app
  location            = var.location
  resource_group_name = var.resource_group
  service_plan_id     = var.plan_id
  tags                = local.tags

  # A slot that is held processes nothing: what comes for it waits in its queue.
  enabled    = var.function.running
  https_only = true

  storage_account_name          = var.host_account
  storage_uses_managed_identity = true
  # Files would be mounted with an account key.
  content_share_force_disabled = true

  ftp_publish_basic_authentication_enabled       = false
  webdeploy_publish_basic_authentication_enabled = false
  builtin_logging_enabled                        = false
  functions_extension_version                    = "~4"
  key_vault_reference_identity_id                = azurerm_user_assigned_identity.this.id

  app_settings = merge(local.settings, {
    WEBSITE_RUN_FROM_PACKAGE                     = "${var.code.endpoint}/${var.code.container}/${azurerm_storage_blob.package[0].name}"
    WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID = azurerm_user_assigned_identity.this.id
  })

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this.id]
  }

  site_config {
    application_insights_connection_string = var.insights
    app_scale_limit                        = var.scale_limit
    ftps_state                             = "Disabled"
    http2_enabled                          = true
    minimum_tls_version                    = "1.2"
    scm_minimum_tls_version                = "1.2"
    remote_debugging_enabled               = false

    application_stack {
      python_version = "3.12"
    }
  }

  # An app that starts before its rights hold finds neither its package nor its state.
  depends_on = [azurerm_role_assignment.this, azurerm_cosmosdb_sql_role_assignment.this]
}
