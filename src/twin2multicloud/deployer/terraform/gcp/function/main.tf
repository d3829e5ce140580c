# One function: its package, its identity with no more rights than its handler needs, who may call it, its schedule.
#
# Its image is built by Cloud Build from the package in the site's bucket and kept in the site's repository. The URL
# that contains the project's number is known beforehand; it is the audience of the tokens that Pub/Sub and Cloud
# Scheduler show. Logs go to the site's log bucket, whose retention the foundation sets.

locals {
  url    = "https://${var.function.name}-${var.project_number}.${var.site.region}.run.app"
  config = merge(var.function.config, contains(keys(var.function.config), "token_account") ? { token_audience = local.url } : {})
}

resource "google_service_account" "this" {
  project      = var.site.project
  account_id   = var.function.account
  display_name = var.function.name
  description  = "Identity of the function ${var.component}"
}

module "rights" {
  source = "../rights"

  project = var.site.project
  member  = google_service_account.this.member
  rights  = var.function.rights
}

# The hash is in the name: another package is another object, and an unchanged one is never read again.
resource "google_storage_bucket_object" "package" {
  bucket = var.site.source_bucket
  name   = "${var.function.name}/${var.package.sha256}.zip"
  source = "${path.root}/${var.package.file}"
}

resource "google_cloudfunctions2_function" "this" {
  project     = var.site.project
  location    = var.site.region
  name        = var.function.name
  description = "${var.component} of a digital twin"
  labels      = { component = var.component }

  build_config {
    runtime           = "python312"
    entry_point       = "main"
    docker_repository = "projects/${var.site.project}/locations/${var.site.region}/repositories/${var.site.repository}"
    service_account   = "projects/${var.site.project}/serviceAccounts/${var.site.builder}"

    source {
      storage_source {
        bucket = google_storage_bucket_object.package.bucket
        object = google_storage_bucket_object.package.name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.this.email
    available_cpu                    = tostring(var.function.vcpus)
    available_memory                 = "${var.function.memory_mib}Mi"
    timeout_seconds                  = var.function.timeout_s
    min_instance_count               = 0
    max_instance_count               = var.function.most_instances
    max_instance_request_concurrency = var.function.requests
    all_traffic_on_latest_revision   = true

    # What Pub/Sub and Cloud Scheduler call cannot be reached from elsewhere, whatever token somebody has.
    ingress_settings = var.function.public ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"

    environment_variables = merge(var.function.environment, {
      T2M_CONFIG   = jsonencode(local.config)
      T2M_FUNCTION = jsonencode(var.function.function)
    })
  }

  depends_on = [module.rights]
}

# Receivers, readers and the gateway check signatures and keys themselves; all others are called by the site's caller.
resource "google_cloud_run_v2_service_iam_member" "invoker" {
  project  = var.site.project
  location = var.site.region
  name     = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = var.function.public ? "allUsers" : "serviceAccount:${var.site.caller}"
}
