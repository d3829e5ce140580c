output "stores" {
  description = "What of AzureConfig reaches the records."
  value       = { hot_url = module.store.endpoint, cosmos_database = module.store.database }
}
