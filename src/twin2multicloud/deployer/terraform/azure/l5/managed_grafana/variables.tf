variable "instance" {
  description = "The instance's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{0,21}[A-Za-z0-9]$", var.instance))
    error_message = "An instance's name has 2 to 23 letters, digits and dashes and begins with a letter."
  }
}

variable "grafana_major_version" {
  description = "The major version of Grafana."
  type        = string
  nullable    = false
}

variable "viewers" {
  description = "E-mail addresses, in the tenant's directory, of who may look at dashboards."
  type        = set(string)
  default     = []
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
