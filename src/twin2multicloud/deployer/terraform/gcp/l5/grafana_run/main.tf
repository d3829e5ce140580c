# L5 on Cloud Run: Grafana OSS in one instance that always runs, its CPU always allocated, as it is priced. Whoever knows
# its URL sees a sign-in page; data source, dashboards, alert rules and people are pushed through Grafana's own interface.
#
# A container's disk ends with its instance: the database is kept in a bucket, see the module `start`.

data "google_project" "this" {
  project_id = var.site.project
}

locals {
  url = "https://${var.name}-${data.google_project.this.number}.${var.site.region}.run.app"
}

resource "google_service_account" "dashboards" {
  project      = var.site.project
  account_id   = var.account
  display_name = var.name
  description  = "Identity of Grafana"
}

resource "google_storage_bucket" "state" {
  #checkov:skip=CKV_GCP_62: access logs are not priced, and only Grafana has access
  #checkov:skip=CKV_GCP_78: the database is written over every few minutes; old versions would only be billed
  project                     = var.site.project
  name                        = var.bucket
  location                    = var.site.region
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = { component = "dashboards" }

  # Everything in it can be pushed again.
  force_destroy = true

  soft_delete_policy {
    retention_duration_seconds = 0
  }
}

module "start" {
  source = "../start"
}

module "rights" {
  source = "../../rights"

  project = var.site.project
  member  = google_service_account.dashboards.member
  rights = [
    { role = "roles/storage.objectUser", on = "bucket", name = google_storage_bucket.state.name },
    { role = "roles/secretmanager.secretAccessor", on = "secret", name = var.admin_secret },
  ]
}

resource "google_cloud_run_v2_service" "dashboards" {
  project             = var.site.project
  location            = var.site.region
  name                = var.name
  description         = "Grafana of a digital twin"
  labels              = { component = "dashboards" }
  ingress             = "INGRESS_TRAFFIC_ALL"
  deletion_protection = false

  # One, and never two at once: they would write over each other's database.
  scaling {
    scaling_mode          = "MANUAL"
    manual_instance_count = 1
  }

  template {
    service_account                  = google_service_account.dashboards.email
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = 250
    timeout                          = "3600s"

    containers {
      image   = var.image
      command = ["/bin/sh", "-c"]
      args    = [module.start.script]

      ports {
        container_port = 3000
      }

      resources {
        cpu_idle          = false
        startup_cpu_boost = false
        limits = {
          cpu    = tostring(var.vcpus)
          memory = "${var.vcpus}Gi"
        }
      }

      dynamic "env" {
        for_each = merge(var.settings, {
          ADMIN_SECRET       = "projects/${var.site.project}/secrets/${var.admin_secret}"
          STATE              = "/state"
          GF_SERVER_ROOT_URL = local.url
        })

        content {
          name  = env.key
          value = env.value
        }
      }

      startup_probe {
        period_seconds    = 10
        timeout_seconds   = 5
        failure_threshold = 24

        http_get {
          path = "/api/health"
          port = 3000
        }
      }

      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 4

        http_get {
          path = "/api/health"
          port = 3000
        }
      }

      volume_mounts {
        name       = "state"
        mount_path = "/state"
      }
    }

    volumes {
      name = "state"

      gcs {
        bucket    = google_storage_bucket.state.name
        read_only = false
        # Grafana's image runs as user 472 of group 0.
        mount_options = ["uid=472", "gid=0"]
      }
    }
  }

  depends_on = [module.rights]
}

# Grafana lets nobody in without signing in; Cloud Run lets everybody come to its door.
resource "google_cloud_run_v2_service_iam_member" "everybody" {
  project  = var.site.project
  location = var.site.region
  name     = google_cloud_run_v2_service.dashboards.name
  role     = "roles/run.invoker"
  member   = "allUsers"
}
