output "dashboards" {
  description = "Where people look at dashboards, where a step pushes them, and the secret with the administrator's password."
  value = {
    kind            = "oss"
    url             = local.url
    api             = "${local.url}/api"
    administrator   = "admin"
    password_secret = var.admin_secret
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
