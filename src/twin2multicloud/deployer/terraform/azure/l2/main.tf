# L2: the function that handles telemetry, on the Consumption or a Flex Consumption plan, with senders and receivers
# where neighbours are elsewhere. Webhooks and user functions of rules are the function `actions`, fed by a queue.
#
# Telemetry comes from the hub's own endpoint next door, or over a link into the queue `intake`. Alerts and errors go to
# the site's topics, states and dead letters into the site's store: see the foundation.

locals {
  digital_twins_url = var.digital_twins_url
}
