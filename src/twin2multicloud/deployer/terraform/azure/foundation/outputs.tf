output "secrets" {
  description = "What of AzureConfig reaches the vault."
  value       = { vault_url = azurerm_key_vault.this.vault_uri }
}

output "state" {
  description = "What of AzureConfig reaches dead letters, rule states and nonces."
  value       = { cosmos_url = module.states.endpoint, cosmos_database = module.states.database }
}

output "errors_queue" {
  description = "The queue of alerts and errors."
  value       = "https://${azurerm_storage_account.code.name}.queue.core.windows.net/${var.events.queue}"
}

output "topics" {
  description = "The endpoints of the topics."
  value       = { for name, topic in azurerm_eventgrid_topic.topic : name => topic.endpoint }
}

output "insights" {
  description = "Where functions send their logs: an address, since only identities are taken."
  value       = azurerm_application_insights.this.connection_string
  sensitive   = true # as the provider has it
}

output "vault" {
  description = "The vault's id and name, and its secrets."
  value       = { id = azurerm_key_vault.this.id, name = azurerm_key_vault.this.name, secrets = keys(azurerm_key_vault_secret.this) }
}

output "workspace" {
  description = "The log workspace's id."
  value       = azurerm_log_analytics_workspace.this.id
}

output "resource_group" {
  description = "The resource group."
  value       = azurerm_resource_group.this.name
}
