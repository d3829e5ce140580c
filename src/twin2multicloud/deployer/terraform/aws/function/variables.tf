variable "component" {
  description = "The function's name in the slot's blueprint."
  type        = string
}

variable "name" {
  description = "The name of the function, of its role and, behind a prefix, of its log."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,63}$", var.name))
    error_message = "A function's name has at most 64 lower case letters, digits and '-', and begins with a letter."
  }
}

variable "package" {
  description = "The function's code: its file relative to the root module, and the SHA-256 of its content."
  type        = object({ file = string, sha256 = string, base64sha256 = string })
}

variable "layer" {
  description = "The ARN of the layer with msgspec for the architecture."
  type        = string
}

variable "architecture" {
  description = "The processor: arm64 or x86_64."
  type        = string

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "Lambda has arm64 and x86_64."
  }
}

variable "memory_mib" {
  description = "Memory in MiB."
  type        = number
}

variable "timeout_s" {
  description = "Seconds after which a run is ended."
  type        = number
}

variable "concurrency" {
  description = "How many runs there may be at once, -1 for as many as the account has."
  type        = number
  default     = -1
}

variable "environment" {
  description = "Environment variables; {account} and {partition} in their values are filled in."
  type        = map(string)
}

variable "statements" {
  description = "What the function's role allows; {account} and {partition} in resources are filled in."
  type        = list(object({ sid = string, actions = list(string), resources = list(string) }))
}

variable "queue" {
  description = "The queue or stream whose messages start the function: at most `batch` of them, gathered for `window_s` seconds; of a stream also the seconds after which a record is given up, and the queue that notes it. Null for none."
  type = object({
    arn      = string
    batch    = number
    window_s = number
    stream   = optional(object({ give_up_s = number, undelivered_arn = string }))
  })
  default = null
}

variable "schedule" {
  description = "How often the function is started, as EventBridge Scheduler writes it, and the name of the role by which it is; null for never."
  type        = object({ expression = string, role = string })
  default     = null
}

variable "public" {
  description = "Whether the function has a URL."
  type        = bool
  default     = false
}

variable "held" {
  description = "Whether queue, stream and schedule start nothing for now."
  type        = bool
}

variable "alarms_arn" {
  description = "The topic of alarms, null for no alarms."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which the function's log is kept."
  type        = number
}

variable "account" {
  description = "The account's number."
  type        = string
}

variable "partition" {
  description = "The account's partition, `aws` nearly everywhere."
  type        = string
}

variable "tags" {
  description = "Tags of everything; `component` is added."
  type        = map(string)
}
