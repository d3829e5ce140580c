variable "store" {
  description = "The storage account of the tier, and after how many days its rules archive and delete; null is never."
  type = object({
    account            = string
    component          = string
    archive_after_days = optional(number)
    delete_after_days  = optional(number)
  })
  nullable = false
}

variable "cool_tier" {
  description = "The tier that objects are written in: Cool or Cold."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["Cool", "Cold"], var.cool_tier)
    error_message = "The tiers are Cool and Cold."
  }
}
