output "dashboards" {
  description = "Where people look at dashboards, where a step pushes them, and the secret with the administrator's password."
  value = {
    url             = aws_apigatewayv2_api.dashboards.api_endpoint
    api             = "${aws_apigatewayv2_api.dashboards.api_endpoint}/api"
    kind            = "oss"
    administrator   = "admin"
    password_secret = var.password
  }
}
