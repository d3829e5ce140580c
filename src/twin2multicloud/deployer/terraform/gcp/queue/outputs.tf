output "topic" {
  description = "The topic's id."
  value       = local.topic
}

output "subscription" {
  description = "The subscription's id, empty without one."
  value       = one(google_pubsub_subscription.this[*].name)
}
