# L3.archive: objects in the Archive tier, with the receiver that writes them. Where the cool tier is at the same place,
# objects stay in its account and only their tier changes: then this stack holds nothing and says where they are.

locals {
  digital_twins_url = "" # nothing here reaches the twin graph
}

module "store" {
  source = "../blob_store"
  count  = var.store == null ? 0 : 1

  account            = var.store.account
  component          = var.store.component
  archive_after_days = var.store.archive_after_days
  delete_after_days  = var.store.delete_after_days
  location           = var.location
  resource_group     = var.resource_group
  tags               = var.tags
}
