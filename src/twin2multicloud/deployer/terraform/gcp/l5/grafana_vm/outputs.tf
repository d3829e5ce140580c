output "dashboards" {
  description = "Where people look at dashboards and where they are pushed to; the user, and the secret of its password."
  value = {
    url    = local.url
    api    = local.url
    user   = "admin"
    secret = var.admin_secret
  }
  depends_on = [google_compute_instance.dashboards]
}

output "urls" {
  description = "No function stands in this slot."
  value       = {}
}

output "stores" {
  description = "No store that our ports open stands in this slot."
  value       = {}
}

output "queues" {
  description = "No queue stands in this slot."
  value       = {}
}
