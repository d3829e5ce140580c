# A job of Cloud Scheduler that calls a function with a token of the site's caller. Its time is the retry: a run that
# fails is not repeated before the next one.

resource "google_cloud_scheduler_job" "this" {
  project          = var.site.project
  region           = var.site.region
  name             = var.schedule.name
  description      = "Calls ${var.schedule.function}"
  schedule         = var.schedule.cron
  time_zone        = "Etc/UTC"
  attempt_deadline = "${var.schedule.deadline_s}s"
  paused           = var.held

  retry_config {
    retry_count = 0
  }

  http_target {
    uri         = var.url
    http_method = "POST"

    oidc_token {
      service_account_email = var.site.caller
      audience              = var.url
    }
  }
}
