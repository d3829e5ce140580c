# What all slots at one site of Google Cloud share: the services of the project, where packages and images lie, the
# identities that build and call, the Firestore database, the error topic, the secrets, logs, warnings and the budget.
#
# Secrets are made without a value: values are written by whoever deploys, and are in no state of Terraform's.

data "google_project" "this" {
  project_id = var.project
}

locals {
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

# Other things in the project may need them too, so they are never switched off.
resource "google_project_service" "needed" {
  for_each = toset(var.services)

  project            = var.project
  service            = each.value
  disable_on_destroy = false
}

# ── Packages and images ──────────────────────────────────────────────────────────────────────────────────────

resource "google_storage_bucket" "source" {
  #checkov:skip=CKV_GCP_62: access logs of packages would cost more than the packages
  #checkov:skip=CKV_GCP_78: an object's name contains the hash of its content, so it is never overwritten
  count = var.builder == null ? 0 : 1

  project                     = var.project
  name                        = var.source_bucket
  location                    = var.region
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  depends_on = [google_project_service.needed]
}

resource "google_artifact_registry_repository" "images" {
  #checkov:skip=CKV_GCP_84: Google's own keys encrypt it at rest; a key of the customer's has a price that no bill of ours has
  count = var.builder == null ? 0 : 1

  project       = var.project
  location      = var.region
  repository_id = var.repository
  format        = "DOCKER"
  description   = "Images of the functions of a digital twin"

  # Of each function the last two images stay: what runs, and what ran before.
  cleanup_policies {
    id     = "keep-two"
    action = "KEEP"

    most_recent_versions {
      keep_count = 2
    }
  }

  cleanup_policies {
    id     = "delete-others"
    action = "DELETE"

    condition {
      tag_state = "ANY"
    }
  }

  depends_on = [google_project_service.needed]
}

resource "google_service_account" "builder" {
  count = var.builder == null ? 0 : 1

  project      = var.project
  account_id   = var.builder
  display_name = var.builder
  description  = "Builds the images of the functions"

  depends_on = [google_project_service.needed]
}

resource "google_storage_bucket_iam_member" "builder" {
  count = var.builder == null ? 0 : 1

  bucket = google_storage_bucket.source[0].name
  role   = "roles/storage.objectViewer"
  member = google_service_account.builder[0].member
}

# Cloud Functions copies packages into a bucket of its own before they are built. It may not exist yet, so that the role
# is granted in the project, for that bucket alone.
resource "google_project_iam_member" "builder_copies" {
  count = var.builder == null ? 0 : 1

  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.builder[0].member

  condition {
    title       = "${var.builder}-copies"
    description = "Packages that Cloud Functions has copied"
    expression  = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}/\")"
  }
}

resource "google_artifact_registry_repository_iam_member" "builder" {
  count = var.builder == null ? 0 : 1

  project    = var.project
  location   = var.region
  repository = google_artifact_registry_repository.images[0].name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.builder[0].member
}

# A build with an identity of its own writes its own log.
resource "google_project_iam_member" "builder" {
  count = var.builder == null ? 0 : 1

  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.builder[0].member
}

# ── Who calls functions ──────────────────────────────────────────────────────────────────────────────────────

resource "google_service_account" "caller" {
  count = var.caller == null ? 0 : 1

  project      = var.project
  account_id   = var.caller
  display_name = var.caller
  description  = "Pub/Sub and Cloud Scheduler call the functions with tokens of this identity"

  depends_on = [google_project_service.needed]
}

resource "google_service_account_iam_member" "pubsub" {
  count = var.caller == null ? 0 : 1

  service_account_id = google_service_account.caller[0].name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = local.pubsub_agent

  # Pub/Sub's identity in a project exists once the project has a topic.
  depends_on = [google_pubsub_topic.errors]
}
