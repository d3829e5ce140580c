# L3.cool: objects in the Cool or Cold tier. Where the archive is at the same place, a rule of this account archives and
# deletes them; else a mover posts them, and only what it has moved is deleted.

locals {
  digital_twins_url = "" # nothing here reaches the twin graph
}

module "store" {
  source = "../blob_store"

  account            = var.store.account
  component          = var.store.component
  archive_after_days = var.store.archive_after_days
  delete_after_days  = var.store.delete_after_days
  location           = var.location
  resource_group     = var.resource_group
  tags               = var.tags
}
