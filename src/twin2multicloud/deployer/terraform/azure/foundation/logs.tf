# One workspace per site for the logs of all functions, kept for as many days as the deployment says. Functions write by
# identity: the connection string is an address alone.

resource "azurerm_log_analytics_workspace" "this" {
  name                         = var.logs.workspace
  location                     = azurerm_resource_group.this.location
  resource_group_name          = azurerm_resource_group.this.name
  sku                          = "PerGB2018"
  retention_in_days            = var.logs.retention_days
  local_authentication_enabled = false
  tags                         = var.tags
}

resource "azurerm_application_insights" "this" {
  name                         = var.logs.insights
  location                     = azurerm_resource_group.this.location
  resource_group_name          = azurerm_resource_group.this.name
  application_type             = "web"
  workspace_id                 = azurerm_log_analytics_workspace.this.id
  retention_in_days            = var.logs.retention_days
  local_authentication_enabled = false
  ip_masking_enabled           = true
  tags                         = var.tags
}

resource "azurerm_monitor_action_group" "owner" {
  name                = var.logs.alarms
  resource_group_name = azurerm_resource_group.this.name
  short_name          = "twin"
  tags                = var.tags

  email_receiver {
    name                    = "owner"
    email_address           = var.logs.owner
    use_common_alert_schema = true
  }
}

# Functions report what fails on the topic of errors. What they cannot report is that they do not run, or fail before
# our code does: one rule over all of them, every 15 minutes (about 0.50 USD a month).
resource "azurerm_monitor_scheduled_query_rules_alert_v2" "failures" {
  name                = "${var.logs.alarms}-failures"
  display_name        = "Functions of the twin fail"
  description         = "More than ten executions of one function failed within 15 minutes."
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = var.tags

  scopes               = [azurerm_log_analytics_workspace.this.id]
  severity             = 2
  evaluation_frequency = "PT15M"
  window_duration      = "PT15M"
  # A workspace has its tables only after the first log line.
  skip_query_validation   = true
  auto_mitigation_enabled = true

  criteria {
    query                   = "AppRequests | where Success == false | summarize Failures = sum(ItemCount) by AppRoleName"
    time_aggregation_method = "Total"
    metric_measure_column   = "Failures"
    operator                = "GreaterThan"
    threshold               = 10

    dimension {
      name     = "AppRoleName"
      operator = "Include"
      values   = ["*"]
    }
  }

  action {
    action_groups = [azurerm_monitor_action_group.owner.id]
  }
}
