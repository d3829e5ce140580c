output "stores" {
  description = "What of AzureConfig reaches the objects."
  value       = { blob_url = module.store.blob_url, cool_tier = var.cool_tier }
}
