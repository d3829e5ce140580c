variable "account" {
  description = "The account's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,42}[a-z0-9]$", var.account))
    error_message = "A Cosmos DB account's name has 3 to 44 lower case letters, digits and dashes."
  }
}

variable "database" {
  description = "The database's name."
  type        = string
  nullable    = false
}

variable "serverless" {
  description = "Whether the account bills by the request; else its containers have a throughput."
  type        = bool
  nullable    = false
}

variable "containers" {
  description = <<-EOT
    Containers by component: name, partition key, indexed paths, time to live in seconds (-1: each item's own), RU/s
    (`throughput` fixed, `autoscale` at most), and roles by word: an id (UUID) and data actions.
  EOT
  type = map(object({
    name          = string
    partition_key = string
    indexed       = optional(list(string), [])
    ttl           = optional(number)
    throughput    = optional(number)
    autoscale     = optional(number)
    roles         = map(object({ id = string, actions = set(string) }))
  }))
  nullable = false
}

variable "operator" {
  description = "The principal of whoever deploys."
  type        = string
  nullable    = false
}

variable "location" {
  description = "The region."
  type        = string
  nullable    = false
}

variable "resource_group" {
  description = "The name of the site's resource group."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  nullable    = false
}
