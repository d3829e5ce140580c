variable "instance" {
  description = "The instance's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]{1,61}[A-Za-z0-9]$", var.instance))
    error_message = "An instance's name has 3 to 63 letters, digits and dashes."
  }
}
