output "devices" {
  description = "How devices reach the twin: the gateway, with a key that is derived from the secret `device-keys`."
  value = {
    kind     = "gateway"
    endpoint = module.function["gateway"].url
    secret   = "${var.site.prefix}device-keys"
  }
}

output "urls" {
  description = "Base URLs by component of the functions that anybody may call with a signature."
  value       = { for name, function in module.function : name => function.url if var.functions[name].public }
}

output "queues" {
  description = "Subscriptions by component, to look at their depth."
  value = {
    for name, queue in module.queue : name => "projects/${var.site.project}/subscriptions/${queue.subscription}"
    if queue.subscription != null
  }
}

output "accounts" {
  description = "The e-mail addresses of the identities by component."
  value       = { for name, one in module.function : name => one.account }
}

output "stores" {
  description = "What sends commands: fields of GcpConfig."
  value       = var.store
}
