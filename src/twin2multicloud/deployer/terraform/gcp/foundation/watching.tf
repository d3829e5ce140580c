# Logs with a retention of their own, warnings, and the budget.
#
# Google keeps a project's logs in one bucket for all. The twin's go into a bucket of its own, for as long as was asked
# for, and not into the common one too, where they would be charged a second time. Request logs are left out: the bill
# counts what functions write, not an entry for each request.

locals {
  billing_account = var.budget == null ? "" : try(coalesce(var.budget.billing_account, data.google_project.this.billing_account), "")

  # A filter takes 20,000 characters, some 300 names; a twin has some twenty.
  services = join(" OR ", [for name in var.log_services : "\"${name}\""])
  own_logs = "resource.type=\"cloud_run_revision\" AND resource.labels.location=\"${var.region}\" AND resource.labels.service_name=(${local.services})"
}

resource "google_logging_project_bucket_config" "this" {
  project        = var.project
  location       = var.region
  bucket_id      = var.logs
  retention_days = var.log_retention_days
  description    = "Logs of the functions of a digital twin"

  depends_on = [google_project_service.needed]
}

resource "google_logging_project_sink" "this" {
  count = length(var.log_services) > 0 ? 1 : 0

  project                = var.project
  name                   = var.logs
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.this.id}"
  filter                 = "${local.own_logs} AND NOT log_id(\"run.googleapis.com/requests\")"
  unique_writer_identity = true
}

resource "google_logging_project_exclusion" "this" {
  count = length(var.log_services) > 0 ? 1 : 0

  project     = var.project
  name        = var.logs
  description = "Kept in the bucket ${var.logs} instead"
  filter      = local.own_logs
}

resource "google_monitoring_notification_channel" "owner" {
  project      = var.project
  display_name = "Owner of ${var.twin}"
  type         = "email"
  labels       = { email_address = var.owner }
  user_labels  = merge(var.labels, { component = "warnings" })

  depends_on = [google_project_service.needed]
}

resource "google_monitoring_alert_policy" "queues" {
  project               = var.project
  display_name          = "${var.twin}: messages wait or were given up at ${var.region}"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = [google_monitoring_notification_channel.owner.name]
  user_labels           = merge(var.labels, { component = "warnings" })

  conditions {
    display_name = "The oldest message of a queue is older than a quarter of an hour"

    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.labels.subscription_id = monitoring.regex.full_match(\"${var.prefix}.*\") AND resource.labels.subscription_id != monitoring.regex.full_match(\"${var.prefix}(errors|undelivered|alerts|device-.*)\")"
      comparison      = "COMPARISON_GT"
      threshold_value = 900
      duration        = "300s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  conditions {
    display_name = "Pub/Sub gave up on a message"

    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.labels.subscription_id = \"${var.topics["undelivered"]}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Look at the function behind the subscription: its log says why it does not take its messages. Messages that were given up wait for a week in `${var.topics["undelivered"]}`."
  }

  depends_on = [google_project_service.needed]
}

# The bill as predicted, in the currency of the billing account. Google budgets know a whole project: it is the twin's
# own budget where the twin has the project to itself.
resource "google_billing_budget" "this" {
  count = var.budget == null ? 0 : 1

  billing_account = local.billing_account
  display_name    = "${var.twin} as predicted"

  budget_filter {
    projects        = ["projects/${data.google_project.this.number}"]
    calendar_period = "MONTH"
  }

  amount {
    specified_amount {
      units = tostring(var.budget.units)
    }
  }

  dynamic "threshold_rules" {
    for_each = setproduct(["CURRENT_SPEND", "FORECASTED_SPEND"], [0.5, 0.8, 1.0, 1.2])

    content {
      spend_basis       = threshold_rules.value[0]
      threshold_percent = threshold_rules.value[1]
    }
  }

  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.owner.id]
    disable_default_iam_recipients   = false
  }

  lifecycle {
    precondition {
      condition     = local.billing_account != ""
      error_message = "The project shows no billing account: link one, or let whoever deploys see it (roles/billing.viewer on the account)."
    }
  }

  depends_on = [google_project_service.needed]
}
