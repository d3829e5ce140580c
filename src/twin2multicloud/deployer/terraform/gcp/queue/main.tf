# A topic with its subscription, or one of the two: what waits between those who publish and one function.
#
# A subscription pushes to its function, showing a token of the site's caller for the function's URL; without a function
# somebody pulls. What is held is kept and not pushed. What was tried a hundred times in vain, with pauses of up to ten
# minutes (so after some sixteen hours), goes to the site's topic `undelivered`, where it is kept for a week.

locals {
  topic = var.queue.create ? google_pubsub_topic.this[0].name : var.queue.topic
  url   = var.queue.push_to == null ? "" : "https://${var.queue.push_to}-${var.project_number}.${var.site.region}.run.app"
  agent = "serviceAccount:service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_topic" "this" {
  #checkov:skip=CKV_GCP_83: Google's own keys encrypt it at rest; a key of the customer's has a price that no bill of ours has
  count = var.queue.create ? 1 : 0

  project = var.site.project
  name    = var.queue.topic
  labels  = { component = var.component }

  # Messages rest in the region of the site alone.
  message_storage_policy {
    allowed_persistence_regions = [var.site.region]
  }
}

resource "google_pubsub_subscription" "this" {
  count = var.queue.subscription == null ? 0 : 1

  project                    = var.site.project
  name                       = var.queue.subscription
  topic                      = local.topic
  labels                     = { component = var.component }
  ack_deadline_seconds       = var.queue.ack_deadline_s
  message_retention_duration = "604800s"

  # Never forgotten, however long nobody asks: a subscription of a slot that is held has no subscriber.
  expiration_policy {
    ttl = ""
  }

  dead_letter_policy {
    dead_letter_topic     = "projects/${var.site.project}/topics/${var.site.undelivered}"
    max_delivery_attempts = 100
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dynamic "push_config" {
    for_each = var.queue.push_to == null || var.held ? [] : [local.url]

    content {
      push_endpoint = push_config.value

      oidc_token {
        service_account_email = var.site.caller
        audience              = push_config.value
      }
    }
  }
}

# Pub/Sub's own identity takes what it gives up on from the subscription.
resource "google_pubsub_subscription_iam_member" "agent" {
  count = var.queue.subscription == null ? 0 : 1

  project      = var.site.project
  subscription = google_pubsub_subscription.this[0].name
  role         = "roles/pubsub.subscriber"
  member       = local.agent
}

resource "google_pubsub_subscription_iam_member" "subscriber" {
  for_each = var.queue.subscription == null ? [] : toset(var.queue.subscribers)

  project      = var.site.project
  subscription = google_pubsub_subscription.this[0].name
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:${each.value}"
}
