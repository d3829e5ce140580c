# L2 on Google Cloud: processing as a function that Pub/Sub pushes to, or as a worker that pulls; the receiver and the
# intake of telemetry from elsewhere; outboxes with their senders; alerts; what rules call.
#
# Where devices' messages arrive in the same project and region, the intake is a subscription on their topic: it belongs
# to L1, which is built after this.

data "google_project" "this" {
  project_id = var.site.project
}

# While the slot is held its outboxes drain: only what starts processing waits.
module "queue" {
  source   = "../queue"
  for_each = var.queues

  component      = each.key
  site           = var.site
  project_number = data.google_project.this.number
  queue          = each.value
  held           = var.held && each.key == "intake"
}

module "function" {
  source   = "../function"
  for_each = var.functions

  component      = each.key
  site           = var.site
  project_number = data.google_project.this.number
  package        = var.packages[each.value.package]
  function       = each.value

  depends_on = [module.queue]
}

module "worker" {
  source   = "../worker"
  for_each = var.workers

  component = each.key
  site      = var.site
  package   = var.packages[each.value.package]
  function  = each.value
  held      = var.held

  depends_on = [module.queue]
}
