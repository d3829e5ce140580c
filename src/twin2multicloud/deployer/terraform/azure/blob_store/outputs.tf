output "blob_url" {
  description = "The account's blob endpoint, without a slash at its end."
  value       = "https://${azurerm_storage_account.this.name}.blob.core.windows.net"
}
