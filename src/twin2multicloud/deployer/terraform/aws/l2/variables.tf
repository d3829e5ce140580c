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

variable "queues" {
  description = "The slot's queues by component, each with its dead-letter queue and its consumer's time-out in seconds."
  type        = map(object({ name = string, undelivered = string, consumer_timeout_s = number }))
  default     = {}
}

variable "stream" {
  description = "The intake as a stream, and the queue that notes what was given up; null if the intake is a queue."
  type        = object({ name = string, undelivered = string })
  default     = null
}

variable "alerts" {
  description = "The name of the topic of rules' alerts."
  type        = string
}

variable "errors" {
  description = "The name of the queue from which the management backend pulls errors and alerts."
  type        = string
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
