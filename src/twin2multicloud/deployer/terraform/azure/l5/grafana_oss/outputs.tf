output "dashboards" {
  description = "Where people look at dashboards, where a step pushes them, and the secret with the administrator's password."
  value = {
    url           = local.url
    api           = "${local.url}/api"
    kind          = "oss"
    administrator = "admin"
    password      = var.password.name
  }
}
