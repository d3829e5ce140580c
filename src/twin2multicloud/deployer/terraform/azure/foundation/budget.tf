# The owner hears by e-mail when the deployment's cost, so far or as forecast, reaches half of the bill's prediction, four
# fifths of it, all of it, and a fifth more. Azure takes five thresholds a budget, hence two. It counts what bears the
# deployment's tag, in all regions.

resource "azurerm_consumption_budget_subscription" "this" {
  for_each = var.budget == null ? {} : { actual = "Actual", forecast = "Forecasted" }

  name            = "${var.budget.name}-${each.key}"
  subscription_id = "/subscriptions/${var.budget.subscription}"
  amount          = var.budget.amount
  time_grain      = "Monthly"

  time_period {
    # A budget begins with a month that has begun; later plans leave it there.
    start_date = formatdate("YYYY-MM-01'T'00:00:00Z", plantimestamp())
  }

  filter {
    tag {
      name   = "run"
      values = [var.tags["run"]]
    }
  }

  dynamic "notification" {
    for_each = [50, 80, 100, 120]

    content {
      enabled        = true
      operator       = "GreaterThanOrEqualTo"
      threshold      = notification.value
      threshold_type = each.value
      contact_emails = [var.logs.owner]
    }
  }

  lifecycle {
    ignore_changes = [time_period]
  }
}
