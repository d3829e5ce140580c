output "stores" {
  description = "What of AzureConfig reaches the graph."
  value       = { graph = "digital_twins", digital_twins_url = local.digital_twins_url }
}
