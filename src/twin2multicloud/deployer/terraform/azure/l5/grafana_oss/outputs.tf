output "dashboards" {
  description = "Where people look at dashboards, where a step pushes them, and the secret with the administrator's password."
  value = {
    kind            = "oss"
    url             = local.url
    api             = "${local.url}/api"
    administrator   = "admin"
    password_secret = var.password.name
  }
}
