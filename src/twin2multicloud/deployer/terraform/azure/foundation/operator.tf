# What whoever deploys does after Terraform, by hand of the same person: write secrets, load packages and the twin graph,
# register devices, pull errors, move and verify data. Owning a subscription gives none of these rights on data.
#
# A role takes minutes to hold. Whoever deploys with the role that `policies azure` describes has these rights beforehand.

resource "azurerm_role_assignment" "operator" {
  for_each = toset([
    "Azure Digital Twins Data Owner",
    "IoT Hub Data Contributor",
    "Key Vault Secrets Officer",
    "Storage Blob Data Contributor",
    "Storage Queue Data Contributor",
  ])

  scope                = azurerm_resource_group.this.id
  role_definition_name = each.key
  principal_id         = data.azurerm_client_config.current.object_id
  description          = "whoever deploys"
}
