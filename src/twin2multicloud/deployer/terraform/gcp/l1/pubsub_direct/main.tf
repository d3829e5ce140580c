# L1 on Pub/Sub: devices publish to a topic themselves, with tokens that Google's token service gives for their X.509
# certificates. One pool trusts the deployment's certificate authority; every certificate of it is a principal of its
# own, named by its common name. So there is nothing here for any single device.
#
# Where commands exist, each device has a topic and a subscription of its own, which are made when all is built: there
# may be thousands.

data "google_project" "this" {
  project_id = var.site.project
}

locals {
  pool     = "projects/${data.google_project.this.number}/locations/global/workloadIdentityPools/${var.pool}"
  provider = "devices"
}

module "queue" {
  source   = "../../queue"
  for_each = var.queues

  component      = each.key
  site           = var.site
  project_number = data.google_project.this.number
  queue          = each.value
  held           = each.key == "intake" ? var.intake_held : var.held
}

resource "google_iam_workload_identity_pool" "devices" {
  project                   = var.site.project
  workload_identity_pool_id = var.pool
  display_name              = "Devices"
  description               = "Devices of a digital twin, by their certificates"
}

resource "google_iam_workload_identity_pool_provider" "devices" {
  #checkov:skip=CKV_GCP_118: it trusts the certificate authority of this twin alone, which signs certificates for its devices only
  #checkov:skip=CKV_GCP_125: the check is about OpenID Connect providers
  project                            = var.site.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.devices.workload_identity_pool_id
  workload_identity_pool_provider_id = local.provider
  display_name                       = "Device certificates"

  attribute_mapping = {
    "google.subject" = "assertion.subject.dn.cn"
  }

  x509 {
    trust_store {
      trust_anchors {
        pem_certificate = var.device_ca_pem
      }
    }
  }
}

resource "google_pubsub_topic_iam_member" "devices" {
  project = var.site.project
  topic   = module.queue["gateway"].topic
  role    = "roles/pubsub.publisher"
  member  = "principalSet://iam.googleapis.com/${local.pool}/*"

  depends_on = [google_iam_workload_identity_pool.devices]
}

module "function" {
  source   = "../../function"
  for_each = var.functions

  component      = each.key
  site           = var.site
  project_number = data.google_project.this.number
  package        = var.packages[each.value.package]
  function       = each.value

  depends_on = [module.queue]
}
