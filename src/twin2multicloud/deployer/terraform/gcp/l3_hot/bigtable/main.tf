# L3.hot on Bigtable: an instance of one cluster with the nodes that were priced, its table, and the functions that read,
# receive and move records with the mover's schedule.

data "google_project" "this" {
  project_id = var.site.project
}

resource "google_bigtable_instance" "hot" {
  #checkov:skip=CKV_GCP_85: Google's own keys encrypt it at rest; a key of the customer's has a price that no bill of ours has
  #checkov:skip=CKV_GCP_122: destroying is asked for in so many words; this protection would stop it half-way
  project             = var.site.project
  name                = var.instance
  display_name        = substr(var.instance, 0, 30)
  deletion_protection = false
  force_destroy       = true
  labels              = { component = "hot" }

  # Google chooses the zone of the region; one cluster is one copy.
  cluster {
    cluster_id   = "primary"
    zone         = var.zone
    num_nodes    = var.nodes
    storage_type = "SSD"
  }
}

resource "google_bigtable_table" "hot" {
  project             = var.site.project
  instance_name       = google_bigtable_instance.hot.name
  name                = "hot"
  deletion_protection = "UNPROTECTED"

  column_family {
    family = "r"
  }
}

# One version of a record; where no tier follows, it ends at its age. Cells bear the time of their event.
resource "google_bigtable_gc_policy" "hot" {
  project         = var.site.project
  instance_name   = google_bigtable_instance.hot.name
  table           = google_bigtable_table.hot.name
  column_family   = "r"
  deletion_policy = "ABANDON"

  gc_rules = var.expires_h == null ? jsonencode({ rules = [{ max_version = 1 }] }) : jsonencode({
    mode  = "union"
    rules = [{ max_version = 1 }, { max_age = "${coalesce(var.expires_h, 0)}h" }]
  })
}

module "function" {
  source   = "../../function"
  for_each = var.functions

  component      = each.key
  site           = var.site
  project_number = data.google_project.this.number
  package        = var.packages[each.value.package]
  function       = each.value

  depends_on = [google_bigtable_table.hot]
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
