output "stores" {
  description = "What of AzureConfig reaches the archive; nothing where the cool tier's account holds it."
  value       = length(module.store) == 0 ? {} : { blob_url = module.store[0].blob_url }
}
