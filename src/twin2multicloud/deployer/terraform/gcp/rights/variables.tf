variable "project" {
  description = "The project's id."
  type        = string
}

variable "member" {
  description = "Who gets the roles, such as `serviceAccount:…`."
  type        = string
}

variable "rights" {
  description = "Roles, each `on` a kind of resource (topic, subscription, bucket, secret, database, table) and its name; a table's is `<instance>/<table>`."
  type        = list(object({ role = string, on = string, name = string }))

  validation {
    condition = alltrue([
      for right in var.rights : contains(["topic", "subscription", "bucket", "secret", "database", "table"], right.on)
    ])
    error_message = "A right is on a topic, subscription, bucket, secret, database or table."
  }
}
