# L1 behind our gateway on Cloud Run: devices post over HTTPS with keys of their own, which are derived from one secret,
# so that there is nothing here for any single device. The gateway publishes; commands wait in Firestore for a device's
# next message.

data "google_project" "this" {
  project_id = var.site.project
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

# A device's commands in the order in which they were given.
resource "google_firestore_index" "pending_commands" {
  project    = var.site.project
  database   = var.site.database
  collection = var.collection

  fields {
    field_path = "device"
    order      = "ASCENDING"
  }

  fields {
    field_path = "at"
    order      = "ASCENDING"
  }
}

# Commands are never searched by content; those of devices that never come back end by themselves.
resource "google_firestore_field" "pending_commands" {
  for_each = toset(["body", "expires"])

  project    = var.site.project
  database   = var.site.database
  collection = var.collection
  field      = each.value

  index_config {}

  dynamic "ttl_config" {
    for_each = each.value == "expires" ? [true] : []
    content {}
  }
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
