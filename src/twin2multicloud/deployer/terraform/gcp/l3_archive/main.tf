# L3.archive on Cloud Storage: a bucket of the archive class and the receiver of its objects, where they come from
# elsewhere. Beside L3.cool there is nothing to build: that slot's bucket holds the archived objects too.

data "google_project" "this" {
  project_id = var.site.project
}

resource "google_storage_bucket" "archive" {
  #checkov:skip=CKV_GCP_62: access logs are not priced, and only our own functions have access
  #checkov:skip=CKV_GCP_78: objects are created once and never changed; old versions would only be billed
  count = var.bucket == null ? 0 : 1

  project                     = var.site.project
  name                        = var.bucket
  location                    = var.site.region
  storage_class               = "ARCHIVE"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = { component = "archive" }

  # A bucket that holds anything is destroyed only by somebody who said so.
  force_destroy = var.discard

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  dynamic "lifecycle_rule" {
    for_each = var.held ? [] : [var.deleted_days]

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

  depends_on = [google_storage_bucket.archive]
}
