output "account" {
  description = "The account's number."
  value       = local.account
}

output "layers" {
  description = "ARNs of the layers with msgspec, by architecture."
  value       = { for architecture, layer in aws_lambda_layer_version.msgspec : architecture => layer.arn }
}

output "secrets" {
  description = "How secrets are found (a field of AwsConfig). Their values are the wiring step's."
  value       = { secrets_prefix = var.names.secrets_prefix }
}

output "errors_queue" {
  description = "The queue from which the management backend pulls errors and alerts."
  value       = { url = module.queue["errors"].url, undelivered_url = module.queue["errors"].undelivered_url }
}

output "state" {
  description = "The table of dead letters, what rules remember, and nonces (a field of AwsConfig)."
  value       = { state_table = aws_dynamodb_table.state.name }
}
