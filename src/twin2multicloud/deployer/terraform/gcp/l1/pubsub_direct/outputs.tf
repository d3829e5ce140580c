output "devices" {
  description = "How devices reach the twin: where tokens are had, for which audience, the topic, and each device's own command topic."
  value = {
    kind           = "pubsub"
    token_url      = "https://sts.mtls.googleapis.com/v1/token"
    audience       = "//iam.googleapis.com/${google_iam_workload_identity_pool_provider.devices.name}"
    endpoint       = "https://pubsub.googleapis.com/v1/projects/${var.site.project}/topics/${module.queue["gateway"].topic}:publish"
    project        = var.site.project
    topic          = module.queue["gateway"].topic
    principal      = "principal://iam.googleapis.com/${local.pool}/subject/"
    command_topics = var.command_topics
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
