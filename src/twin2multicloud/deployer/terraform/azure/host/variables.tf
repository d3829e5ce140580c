variable "account" {
  description = "The storage account's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.account))
    error_message = "A storage account's name has 3 to 24 lower case letters and digits."
  }
}

variable "queues" {
  description = "The slot's queues."
  type        = set(string)
  nullable    = false
}

variable "checkpoints" {
  description = "The component that is the checkpoints of a reader of a hub, if the slot has one."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.checkpoints) <= 1
    error_message = "A slot has one reader of a hub at most."
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
