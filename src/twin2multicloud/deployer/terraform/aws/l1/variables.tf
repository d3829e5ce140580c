variable "rules" {
  description = "The rules by what they take: name, SQL, and on a stream the key of a record's shard."
  type        = map(object({ name = string, sql = string, partition_key = string }))
}

variable "target" {
  description = "Where rules put messages: a queue or a stream, by name."
  type        = object({ kind = string, name = string })

  validation {
    condition     = contains(["queue", "stream"], var.target.kind)
    error_message = "The target is a queue or a stream."
  }
}

variable "rules_role" {
  description = "The name of the role that rules take."
  type        = string
}

variable "undelivered" {
  description = "The name of the queue of what the target did not take."
  type        = string
}

variable "device_ca_pem" {
  description = "The certificate of the authority that signs devices' certificates. Its private key is not here."
  type        = string

  validation {
    condition     = startswith(trimspace(var.device_ca_pem), "-----BEGIN CERTIFICATE-----")
    error_message = "The authority's certificate is PEM text."
  }
}

variable "devices" {
  description = "The twin's name in topics, the beginning of things' names and client ids, the topics that {device} publishes on, and names of policy, template and role."
  type = object({
    twin     = string
    prefix   = string
    topics   = list(string)
    policy   = string
    template = string
    role     = string
  })
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

variable "queues" {
  description = "The slot's queues by component, each with its dead-letter queue and its consumer's time-out in seconds."
  type        = map(object({ name = string, undelivered = string, consumer_timeout_s = number }))
  default     = {}
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
