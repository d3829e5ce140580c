# One function: an app with an identity of its own, the rights of that identity, its package and its settings.
#
# An app per function costs nothing and is the least privilege: nothing is shared but the plan. The package is a blob
# that the app fetches with its identity. Azure takes no other way on the Consumption plan without an account key: zip
# deployment and remote builds there write through `AzureWebJobsStorage` with a key, so packages hold their
# dependencies (`.python_packages`). A package's version is in its blob's name: another package is another blob, and the
# setting that changes with it restarts the app.

locals {
  package      = var.packages[var.function.package]
  package_file = "${path.root}/${local.package.file}"
  version      = sha256("${local.package.sha256} ${var.dependencies}")
  tags         = merge(var.tags, { component = var.component })

  # What only Azure can tell joins what is known by name; nothing that is null may stand in the document.
  config = {
    for field, value in merge(
      var.function.config,
      { topics = { for name in var.function.topics : name => var.topics[name] } },
      var.function.twins ? { digital_twins_url = var.digital_twins_url } : {},
    ) : field => value if value != null
  }

  settings = merge(
    var.function.settings,
    {
      T2M_CONFIG = jsonencode(local.config)
      # Which identity the SDKs sign in with, since an app may have several.
      AZURE_CLIENT_ID = azurerm_user_assigned_identity.this.client_id
      # The host's own connection to its storage account: by identity, not by key.
      AzureWebJobsStorage__credential = "managedidentity"
      AzureWebJobsStorage__clientId   = azurerm_user_assigned_identity.this.client_id
      # Logs are written by identity, too: the connection string is an address alone.
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=${azurerm_user_assigned_identity.this.client_id};Authorization=AAD"
    },
  )
}

resource "azurerm_user_assigned_identity" "this" {
  name                = var.function.identity
  location            = var.location
  resource_group_name = var.resource_group
  tags                = local.tags
}

# Exactly what the function's grants say, each on its own resource (see clouds/azure/grants.py).
resource "azurerm_role_assignment" "this" {
  for_each = var.function.roles

  scope                            = each.value.scope
  role_definition_name             = each.value.role
  principal_id                     = azurerm_user_assigned_identity.this.principal_id
  principal_type                   = "ServicePrincipal"
  skip_service_principal_aad_check = true
  description                      = each.key
}

# Cosmos DB keeps its own roles; those of our accounts hold single actions on single containers.
resource "azurerm_cosmosdb_sql_role_assignment" "this" {
  for_each = var.function.stores

  resource_group_name = var.resource_group
  account_name        = each.value.account
  scope               = "${local.databases}/${each.value.account}${each.value.scope}"
  role_definition_id  = "${local.databases}/${each.value.account}/sqlRoleDefinitions/${each.value.role_id}"
  principal_id        = azurerm_user_assigned_identity.this.principal_id
}

locals {
  databases = "${var.resource_group_id}/providers/Microsoft.DocumentDB/databaseAccounts"
}
