variable "account" {
  description = "The storage account's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.account))
    error_message = "A storage account's name has 3 to 24 lower case letters and digits."
  }
}

variable "component" {
  description = "The blueprint's component, which is the container's name: cool or archive."
  type        = string
  nullable    = false
}

variable "archive_after_days" {
  description = "Days after which objects go to the Archive tier; null where nothing archives them here."
  type        = number
  default     = null

  validation {
    condition     = var.archive_after_days == null ? true : var.archive_after_days >= 0
    error_message = "Days are not negative."
  }
}

variable "delete_after_days" {
  description = "Days after which objects are deleted; null where a mover does it."
  type        = number
  default     = null

  validation {
    condition     = var.delete_after_days == null ? true : var.delete_after_days >= 0
    error_message = "Days are not negative."
  }
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
