variable "site" {
  description = "What the site's slots share, as the foundation made it: names."
  type = object({
    project       = string
    region        = string
    prefix        = string
    database      = string
    source_bucket = string
    repository    = string
    builder       = string
    caller        = string
    undelivered   = string
  })
}

variable "functions" {
  description = "Functions by component, each as the module `function` takes it. (Of any type, since no two are told the same.)"
  type        = any
}

variable "packages" {
  description = "Packages by role: file below the root module, SHA-256 in hex and in base64."
  type        = map(object({ file = string, sha256 = string, base64sha256 = string }))
  default     = {}
}

variable "queues" {
  description = "Topics and subscriptions by component, each as the module `queue` takes it."
  type = map(object({
    topic          = string
    create         = bool
    subscription   = optional(string)
    push_to        = optional(string)
    subscribers    = optional(list(string), [])
    ack_deadline_s = optional(number, 60)
  }))
}

variable "held" {
  description = "Whether what starts the slot's writers is off for now."
  type        = bool
}

variable "intake_held" {
  description = "Whether processing waits, whose intake is a subscription of this slot."
  type        = bool
}

variable "collection" {
  description = "The collection of the commands that wait."
  type        = string
}

variable "store" {
  description = "The fields of GcpConfig that send commands."
  type        = any
}
