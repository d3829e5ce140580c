variable "name" {
  description = "The bucket's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A bucket's name has 3 to 63 lower case letters, digits and '-'."
  }
}

variable "force_destroy" {
  description = "Whether the bucket is destroyed with the objects in it."
  type        = bool
  default     = false
}

variable "expires_days" {
  description = "Days after which an object is deleted, null for never."
  type        = number
  default     = null
}

variable "archive" {
  description = "If the archive lies here: days after which an object changes to its class; null if never."
  type        = object({ days = number, class = string })
  default     = null

  validation {
    condition     = try(contains(["GLACIER", "DEEP_ARCHIVE"], var.archive.class), true)
    error_message = "The archive's classes are GLACIER and DEEP_ARCHIVE."
  }
}

variable "stores" {
  description = "What a function's configuration says of the slot's stores; {account} and {partition} are filled in."
  type        = any
}

variable "functions" {
  description = "The slot's functions by component."
  type = map(object({
    name         = string
    package      = string
    architecture = string
    memory_mib   = number
    timeout_s    = number
    concurrency  = number
    environment  = map(string)
    statements   = list(object({ sid = string, actions = list(string), resources = list(string) }))
    public       = bool
    schedule     = optional(object({ expression = string, role = string }))
    source       = optional(object({ component = string, kind = string, batch = number, window_s = number }))
  }))
  default = {}
}

variable "packages" {
  description = "The functions' packages by role: file relative to the root module, SHA-256 in hex and base64."
  type        = map(object({ file = string, sha256 = string, base64sha256 = string }))
  default     = {}
}

variable "layers" {
  description = "ARNs of the layers with msgspec, by architecture."
  type        = map(string)
  default     = {}
}

variable "url_access" {
  description = "The name of the CloudFormation stack that lets functions be called by URL."
  type        = string
}

variable "held" {
  description = "Whether queues, streams and schedules start nothing for now."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "alarms" {
  description = "The name of the topic of alarms, null for no alarms (each is billed monthly)."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "tags" {
  description = "Tags of everything; what belongs to one component gets `component` as well."
  type        = map(string)
}
