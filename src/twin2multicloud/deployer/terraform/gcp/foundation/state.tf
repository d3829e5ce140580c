# What functions remember: a Firestore database of the site, errors, what Pub/Sub gave up on, and secrets.

resource "google_firestore_database" "this" {
  project                           = var.project
  name                              = var.database
  location_id                       = var.region
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC"
  app_engine_integration_mode       = "DISABLED"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_DISABLED"

  # Destroying is asked for in so many words; Google's protection would stop it half-way.
  delete_protection_state = "DELETE_PROTECTION_DISABLED"
  deletion_policy         = "DELETE"

  depends_on = [google_project_service.needed]
}

# Nonces are of no use once their signatures are too old.
resource "google_firestore_field" "nonces" {
  project    = var.project
  database   = google_firestore_database.this.name
  collection = var.collections["nonces"]
  field      = "expires"

  index_config {}
  ttl_config {}
}

# Contents are never searched, and an index of them would count as storage and as writes.
resource "google_firestore_field" "dead_letters" {
  project    = var.project
  database   = google_firestore_database.this.name
  collection = var.collections["dead-letters"]
  field      = "body"

  index_config {}
}

resource "google_pubsub_topic" "errors" {
  #checkov:skip=CKV_GCP_83: Google's own keys encrypt it at rest; a key of the customer's has a price that no bill of ours has
  project = var.project
  name    = var.topics["errors"]
  labels  = { component = "errors" }

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.needed]
}

# The management backend pulls from it; errors wait for a week.
resource "google_pubsub_subscription" "errors" {
  project                    = var.project
  name                       = var.topics["errors"]
  topic                      = google_pubsub_topic.errors.name
  labels                     = { component = "errors" }
  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.undelivered.id
    max_delivery_attempts = 100
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
}

resource "google_pubsub_subscription_iam_member" "errors" {
  project      = var.project
  subscription = google_pubsub_subscription.errors.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

resource "google_pubsub_topic" "undelivered" {
  #checkov:skip=CKV_GCP_83: Google's own keys encrypt it at rest; a key of the customer's has a price that no bill of ours has
  project = var.project
  name    = var.topics["undelivered"]
  labels  = { component = "undelivered" }

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.needed]
}

# The end of the line: what is not looked at here within a week is gone.
resource "google_pubsub_subscription" "undelivered" {
  project                    = var.project
  name                       = var.topics["undelivered"]
  topic                      = google_pubsub_topic.undelivered.name
  labels                     = { component = "undelivered" }
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_topic_iam_member" "undelivered" {
  project = var.project
  topic   = google_pubsub_topic.undelivered.name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_secret_manager_secret" "this" {
  for_each = var.secrets

  project             = var.project
  secret_id           = each.value
  labels              = { component = "secrets" }
  deletion_protection = false

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.needed]
}
