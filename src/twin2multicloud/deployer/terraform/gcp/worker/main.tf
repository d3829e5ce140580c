# A worker: instances that run all month and pull their messages. A Cloud Run service whose CPU is always allocated,
# as it is priced, with a fixed number of instances, built from its package by Cloud Build: its Procfile says what runs.

locals {
  image = "${var.site.region}-docker.pkg.dev/${var.site.project}/${var.site.repository}/${var.function.name}"
}

resource "google_service_account" "this" {
  project      = var.site.project
  account_id   = var.function.account
  display_name = var.function.name
  description  = "Identity of the worker ${var.component}"
}

module "rights" {
  source = "../rights"

  project = var.site.project
  member  = google_service_account.this.member
  rights  = var.function.rights
}

resource "google_storage_bucket_object" "package" {
  bucket = var.site.source_bucket
  name   = "${var.function.name}/${var.package.sha256}.zip"
  source = "${path.root}/${var.package.file}"
}

resource "google_cloud_run_v2_service" "this" {
  project             = var.site.project
  location            = var.site.region
  name                = var.function.name
  description         = "${var.component} of a digital twin"
  labels              = { component = var.component }
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  deletion_protection = false

  # Nobody calls it, and nobody may: it has no invoker.
  scaling {
    scaling_mode          = "MANUAL"
    manual_instance_count = var.held ? 0 : var.function.most_instances
  }

  build_config {
    source_location          = "gs://${google_storage_bucket_object.package.bucket}/${google_storage_bucket_object.package.name}"
    image_uri                = local.image
    service_account          = "projects/${var.site.project}/serviceAccounts/${var.site.builder}"
    enable_automatic_updates = false
    environment_variables    = { GOOGLE_PYTHON_VERSION = "3.12.x" }
  }

  template {
    service_account                  = google_service_account.this.email
    max_instance_request_concurrency = var.function.requests

    containers {
      image = local.image

      resources {
        cpu_idle          = false
        startup_cpu_boost = false
        limits = {
          cpu    = tostring(var.function.vcpus)
          memory = "${var.function.memory_mib}Mi"
        }
      }

      env {
        name  = "T2M_CONFIG"
        value = jsonencode(var.function.config)
      }

      env {
        name  = "T2M_FUNCTION"
        value = jsonencode(var.function.function)
      }
    }
  }

  lifecycle {
    # The build writes the digest of what it built here; another package is another `source_location`.
    ignore_changes = [template[0].containers[0].image]
  }

  depends_on = [module.rights]
}
