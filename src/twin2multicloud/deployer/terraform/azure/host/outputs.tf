output "account" {
  description = "The storage account's name."
  value       = azurerm_storage_account.this.name
}

output "queue_url" {
  description = "The endpoint of its queues."
  value       = "https://${azurerm_storage_account.this.name}.queue.core.windows.net"
}

output "blob_url" {
  description = "The endpoint of its blobs."
  value       = "https://${azurerm_storage_account.this.name}.blob.core.windows.net"
}

output "queues" {
  description = "The queues' addresses, by component."
  value       = { for name, queue in azurerm_storage_queue.queue : name => "https://${azurerm_storage_account.this.name}.queue.core.windows.net/${queue.name}" }
}
