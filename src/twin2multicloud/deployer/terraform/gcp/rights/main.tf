# Roles of one identity, each on a single resource: a topic, a subscription, a bucket, a secret, a table. Firestore has
# no policy below the project, so its roles are granted there under a condition that names the database.

locals {
  of = {
    for kind in ["topic", "subscription", "bucket", "secret", "database", "table"] :
    kind => { for right in var.rights : "${right.role} on ${right.name}" => right if right.on == kind }
  }
}

resource "google_pubsub_topic_iam_member" "this" {
  for_each = local.of["topic"]

  project = var.project
  topic   = each.value.name
  role    = each.value.role
  member  = var.member
}

resource "google_pubsub_subscription_iam_member" "this" {
  for_each = local.of["subscription"]

  project      = var.project
  subscription = each.value.name
  role         = each.value.role
  member       = var.member
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = local.of["bucket"]

  bucket = each.value.name
  role   = each.value.role
  member = var.member
}

resource "google_secret_manager_secret_iam_member" "this" {
  for_each = local.of["secret"]

  project   = var.project
  secret_id = each.value.name
  role      = each.value.role
  member    = var.member
}

resource "google_bigtable_table_iam_member" "this" {
  for_each = local.of["table"]

  project       = var.project
  instance_name = split("/", each.value.name)[0]
  table         = split("/", each.value.name)[1]
  role          = each.value.role
  member        = var.member
}

resource "google_project_iam_member" "database" {
  for_each = local.of["database"]

  project = var.project
  role    = each.value.role
  member  = var.member

  condition {
    title       = each.value.name
    description = "Documents of one database only"
    expression  = "resource.name == \"projects/${var.project}/databases/${each.value.name}\""
  }
}
