output "url" {
  description = "The app's base URL; /links/<edge> and /query/<edge> are below it."
  value       = "https://${one(concat(azurerm_linux_function_app.consumption[*].default_hostname, values(azurerm_function_app_flex_consumption.this)[*].default_hostname))}"
}

output "app_id" {
  description = "The app's id: after a deployment its triggers have to be made known (POST …/syncfunctiontriggers)."
  value       = one(concat(azurerm_linux_function_app.consumption[*].id, values(azurerm_function_app_flex_consumption.this)[*].id))
}

output "principal_id" {
  description = "The identity's principal, for rights on what is built after the function."
  value       = azurerm_user_assigned_identity.this.principal_id
}
