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

variable "schedules" {
  description = "Schedules by component, each as the module `schedule` takes it."
  type        = map(object({ name = string, function = string, cron = string, deadline_s = number }))
}

variable "held" {
  description = "Whether what starts the slot's writers is off for now."
  type        = bool
}

variable "instance" {
  description = "The instance's name."
  type        = string
}

variable "zone" {
  description = "The cluster's zone, in the site's region."
  type        = string
}

variable "nodes" {
  description = "The cluster's nodes."
  type        = number

  validation {
    condition     = var.nodes >= 1 && floor(var.nodes) == var.nodes
    error_message = "A cluster has one node or more, in whole numbers."
  }
}

variable "expires_h" {
  description = "The age in hours at which records end, null where another tier takes them."
  type        = number
  default     = null
}

variable "store" {
  description = "The fields of GcpConfig that open the hot store."
  type        = any
}
