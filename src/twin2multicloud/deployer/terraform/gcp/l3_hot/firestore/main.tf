# L3.hot on Firestore: the indexes that the hot store's questions need, functions that read, receive and move records,
# and the mover's schedule. The database is the site's.

data "google_project" "this" {
  project_id = var.site.project
}

# A device's records by time, both ways. The address carries the component `hot`.
resource "google_firestore_index" "hot" {
  for_each = toset(["ASCENDING", "DESCENDING"])

  project    = var.site.project
  database   = var.site.database
  collection = var.collection

  fields {
    field_path = "device"
    order      = "ASCENDING"
  }

  fields {
    field_path = "time"
    order      = each.value
  }
}

# Rising values in an index of one field would limit the whole collection to 500 writes a second; contents are never
# searched. `expires` is set where no tier follows, and Firestore then deletes by it.
resource "google_firestore_field" "hot" {
  for_each = toset(["body", "time", "expires"])

  project    = var.site.project
  database   = var.site.database
  collection = var.collection
  field      = each.value

  index_config {}

  dynamic "ttl_config" {
    for_each = each.value == "expires" && var.expires ? [true] : []
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
}

module "schedule" {
  source   = "../../schedule"
  for_each = var.schedules

  component = each.key
  site      = var.site
  url       = module.function[each.value.function].url
  schedule  = each.value
  held      = var.held
}
