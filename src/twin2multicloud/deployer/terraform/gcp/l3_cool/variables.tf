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

variable "bucket" {
  description = "The bucket's name."
  type        = string
}

variable "storage_class" {
  description = "The class that objects come in."
  type        = string

  validation {
    condition     = contains(["NEARLINE", "COLDLINE"], var.storage_class)
    error_message = "The class is NEARLINE or COLDLINE."
  }
}

variable "archived_days" {
  description = "Days in the bucket after which an object is archived in it, null where another bucket has the archive."
  type        = number
  default     = null
}

variable "deleted_days" {
  description = "Days in the bucket after which an object ends, null where it is moved on before."
  type        = number
  default     = null
}

variable "store" {
  description = "The fields of GcpConfig that open the bucket."
  type        = any
}

variable "discard" {
  description = "Whether the bucket may be destroyed with what it holds."
  type        = bool
}
