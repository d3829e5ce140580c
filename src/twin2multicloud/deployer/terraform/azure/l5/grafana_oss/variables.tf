variable "names" {
  description = "Names of the container app, its environment and identity, and the storage account of its database."
  type        = object({ app = string, environment = string, identity = string, storage = string })
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", var.names.app))
    error_message = "A container app's name has 1 to 32 lower case letters, digits and dashes and begins with a letter."
  }
}

variable "image" {
  description = "Grafana's image, with its version."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex(":[0-9]+\\.[0-9]+\\.[0-9]+$", var.image))
    error_message = "The image names a version, such as grafana/grafana:12.1.1."
  }
}

variable "vcpus" {
  description = "vCPUs of the container; each brings 2 GiB of memory."
  type        = number
  nullable    = false

  validation {
    condition     = var.vcpus >= 0.25 && var.vcpus <= 4 && var.vcpus * 4 == floor(var.vcpus * 4)
    error_message = "The Consumption profile has 0.25 to 4 vCPUs in steps of a quarter."
  }
}

variable "environment" {
  description = "Grafana's settings."
  type        = map(string)
  nullable    = false
}

variable "password" {
  description = "The secret with the administrator's password: its address in the vault, and its scope for rights."
  type        = object({ name = string, url = string, scope = string })
  nullable    = false
}

variable "workspace_id" {
  description = "The id of the site's log workspace."
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
