variable "component" {
  description = "The component's name in the blueprint."
  type        = string
}

variable "site" {
  description = "What the site's slots share, as the foundation made it."
  type        = object({ project = string, region = string, caller = string, undelivered = string })
}

variable "project_number" {
  description = "The project's number, which URLs and Google's own identities contain."
  type        = string
}

variable "queue" {
  description = "The topic and whether to create it; the subscription, if any; the function that it pushes to, or the identities that pull."
  type = object({
    topic          = string
    create         = bool
    subscription   = optional(string)
    push_to        = optional(string)
    subscribers    = optional(list(string), [])
    ack_deadline_s = optional(number, 60)
  })
}

variable "held" {
  description = "Whether messages are kept and not pushed for now."
  type        = bool
  default     = false
}
