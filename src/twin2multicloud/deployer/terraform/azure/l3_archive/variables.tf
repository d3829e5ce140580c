variable "store" {
  description = "The storage account of the tier, and after how many days its rules archive and delete; null is never."
  type = object({
    account            = string
    component          = string
    archive_after_days = optional(number)
    delete_after_days  = optional(number)
  })
  default = null
}
