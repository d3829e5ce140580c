output "project_number" {
  description = "The project's number."
  value       = data.google_project.this.number
}

output "secrets" {
  description = "What opens the site's secrets, for whoever writes their values: fields of GcpConfig."
  value       = { project = var.project, prefix = var.prefix }
  depends_on  = [google_secret_manager_secret.this]
}

output "errors_queue" {
  description = "The subscription that the management backend pulls errors from."
  value       = google_pubsub_subscription.errors.id
}

output "undelivered_queue" {
  description = "The subscription of what Pub/Sub gave up on."
  value       = google_pubsub_subscription.undelivered.id
}

output "state" {
  description = "What opens dead letters, rule states and nonces: fields of GcpConfig."
  value = {
    project  = var.project
    prefix   = var.prefix
    database = google_firestore_database.this.name
  }
}
