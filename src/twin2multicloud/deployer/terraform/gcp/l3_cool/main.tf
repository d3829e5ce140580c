# L3.cool on Cloud Storage: one bucket. Where the archive is in the same project and region, objects stay in it and change
# their class by a lifecycle rule, and the end of their time deletes them by another. While the slot is held there are no
# such rules.

data "google_project" "this" {
  project_id = var.site.project
}

resource "google_storage_bucket" "cool" {
  #checkov:skip=CKV_GCP_62: access logs are not priced, and only our own functions have access
  #checkov:skip=CKV_GCP_78: objects are created once and never changed; old versions would only be billed
  project                     = var.site.project
  name                        = var.bucket
  location                    = var.site.region
  storage_class               = var.storage_class
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = { component = "cool" }

  # A bucket that holds anything is destroyed only by somebody who said so.
  force_destroy = var.discard

  # Else what was moved on would be billed for another week.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  dynamic "lifecycle_rule" {
    for_each = var.archived_days == null || var.held ? [] : [var.archived_days]

    content {
      action {
        type          = "SetStorageClass"
        storage_class = "ARCHIVE"
      }

      condition {
        age                   = lifecycle_rule.value
        send_age_if_zero      = true
        matches_storage_class = [var.storage_class]
      }
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.deleted_days == null || var.held ? [] : [var.deleted_days]

    content {
      action {
        type = "Delete"
      }

      condition {
        age              = lifecycle_rule.value
        send_age_if_zero = true
      }
    }
  }
}

module "function" {
  source   = "../function"
  for_each = var.functions

  component      = each.key
  site           = var.site
  project_number = data.google_project.this.number
  package        = var.packages[each.value.package]
  function       = each.value

  depends_on = [google_storage_bucket.cool]
}

module "schedule" {
  source   = "../schedule"
  for_each = var.schedules

  component = each.key
  site      = var.site
  url       = module.function[each.value.function].url
  schedule  = each.value
  held      = var.held
}
