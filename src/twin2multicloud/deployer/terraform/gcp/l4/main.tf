# L4 on Google Cloud: our own twin graph in the site's Firestore database, and the functions that read it and receive
# updates. Models, twins and relationships are loaded through the runtime's own port once this is built.

data "google_project" "this" {
  project_id = var.site.project
}

# The twins of a model in the order of their ids.
resource "google_firestore_index" "graph" {
  project    = var.site.project
  database   = var.site.database
  collection = var.collections["twins"]

  fields {
    field_path = "model"
    order      = "ASCENDING"
  }

  fields {
    field_path = "id"
    order      = "ASCENDING"
  }
}

# Values are never searched; an index of them would be written with every update.
resource "google_firestore_field" "graph" {
  for_each = toset(["twins", "models"])

  project    = var.site.project
  database   = var.site.database
  collection = var.collections[each.value]
  field      = "body"

  index_config {}
}

module "function" {
  source   = "../function"
  for_each = var.functions

  component      = each.key
  site           = var.site
  project_number = data.google_project.this.number
  package        = var.packages[each.value.package]
  function       = each.value
}
