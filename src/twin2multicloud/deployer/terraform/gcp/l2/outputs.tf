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
  value       = merge({ for name, one in module.function : name => one.account }, { for name, one in module.worker : name => one.account })
}

output "stores" {
  description = "What opens dead letters and rule states: fields of GcpConfig."
  value       = { project = var.site.project, prefix = var.site.prefix, database = var.site.database }
}
