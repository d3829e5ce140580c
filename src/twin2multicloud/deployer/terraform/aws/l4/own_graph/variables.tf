variable "table" {
  description = "The name of the table of twins or of their values."
  type        = string
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
