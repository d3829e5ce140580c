output "urls" {
  description = "The base URL of each function that is called by HTTP; /links/<edge> and /query/<edge> are below it."
  value       = { for name, function in module.function : name => function.url if contains(var.public, name) }
}

output "apps" {
  description = "Ids of the function apps: their triggers have to be made known after a deployment."
  value       = { for name, function in module.function : name => function.app_id }
}

output "identities" {
  description = "Principals of the functions, for rights on what is built later."
  value       = { for name, function in module.function : name => function.principal_id }
}

output "queues" {
  description = "The addresses of the slot's queues, by component."
  value       = merge({}, module.host[*].queues...)
}
