# What the twin may cost: the owner hears of 50, 80, 100 and 120 % of the predicted bill, spent and forecast. They are
# two budgets because one takes five alerts at most.
#
# They count the whole account. A filter by tag would count nothing until somebody makes `run` a cost allocation tag in
# the billing console, and would never say so.

resource "aws_budgets_budget" "budget" {
  for_each = var.budget_usd > 0 ? { actual = "ACTUAL", forecast = "FORECASTED" } : {}

  name         = "${var.names.budget}-${each.key}"
  budget_type  = "COST"
  limit_amount = format("%.2f", var.budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
  tags         = merge(var.tags, { component = "budget" })

  dynamic "notification" {
    for_each = [50, 80, 100, 120]

    content {
      notification_type          = each.value
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      subscriber_email_addresses = [var.owner]
    }
  }
}
