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

variable "pool" {
  description = "The id of the workload identity pool."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{3,31}$", var.pool)) && !startswith(var.pool, "gcp-")
    error_message = "A pool's id has 4 to 32 lower case letters, digits and hyphens, and does not begin with gcp-."
  }
}

variable "device_ca_pem" {
  description = "The certificate of the authority that signs the devices' certificates, in PEM. Its key is never here."
  type        = string
}

variable "command_topics" {
  description = "What the topic of a device's commands begins with, and who publishes there; null without commands."
  type        = object({ prefix = string, publisher = string })
  default     = null
}

variable "store" {
  description = "The fields of GcpConfig that send commands."
  type        = any
}
