variable "names" {
  description = "Names of what the slots share."
  type = object({
    state              = string
    errors             = string
    errors_undelivered = string
    alarms             = string
    budget             = string
    secrets_prefix     = string
  })
}

variable "secrets" {
  description = "Secrets that the functions of the site read, without their prefix."
  type        = list(string)
}

variable "layer_files" {
  description = "The layers with msgspec by architecture: name, file relative to the root module, SHA-256 of its content."
  type        = map(object({ name = string, file = string, sha256 = string, base64sha256 = string }))
}

variable "alert_topics" {
  description = "Names of the topics of rules' alerts, whose messages come to the queue of errors as well."
  type        = list(string)
}

variable "alarmed" {
  description = "Whether there are alarms (each is billed monthly)."
  type        = bool
  default     = true
}

variable "owner" {
  description = "The e-mail address that hears of alarms and budgets."
  type        = string

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+$", var.owner))
    error_message = "The owner is an e-mail address."
  }
}

variable "budget_usd" {
  description = "The predicted bill in dollars a month; 0 for no budget, as at all sites but the cloud's first."
  type        = number
}

variable "region" {
  description = "The region."
  type        = string
}

variable "tags" {
  description = "Tags of everything; `component` is added."
  type        = map(string)
}
