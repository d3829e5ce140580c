output "stores" {
  description = "What of AzureConfig reaches the graph."
  value       = { graph = "own", graph_url = module.store.endpoint, cosmos_database = module.store.database }
}
