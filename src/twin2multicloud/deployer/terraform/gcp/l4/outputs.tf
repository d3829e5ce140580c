output "urls" {
  description = "Base URLs by component of the functions that anybody may call with a signature or the readers' key."
  value       = { for name, function in module.function : name => function.url if var.functions[name].public }
}

output "stores" {
  description = "What opens the twin graph: fields of GcpConfig."
  value       = var.store
}

output "queues" {
  description = "No queue stands in this slot."
  value       = {}
}

output "accounts" {
  description = "The e-mail addresses of the identities by component."
  value       = { for name, one in module.function : name => one.account }
}
