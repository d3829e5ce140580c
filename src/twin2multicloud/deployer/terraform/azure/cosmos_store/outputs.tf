output "endpoint" {
  description = "The account's endpoint."
  value       = azurerm_cosmosdb_account.this.endpoint
}

output "database" {
  description = "The database's name."
  value       = azurerm_cosmosdb_sql_database.this.name
}
