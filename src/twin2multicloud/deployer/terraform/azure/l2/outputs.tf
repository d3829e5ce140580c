output "stores" {
  description = "What of AzureConfig reaches the slot's queues and large events."
  value       = length(module.host) == 0 ? {} : { queue_url = module.host[0].queue_url, blob_url = module.host[0].blob_url }
}
