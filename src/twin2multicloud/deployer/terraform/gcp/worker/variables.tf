variable "component" {
  description = "The component's name in the blueprint."
  type        = string
}

variable "site" {
  description = "What the site's slots share, as the foundation made it."
  type = object({
    project       = string
    region        = string
    source_bucket = string
    repository    = string
    builder       = string
  })
}

variable "package" {
  description = "The worker's package: its file below the root module, and its SHA-256 in hex."
  type        = object({ file = string, sha256 = string, base64sha256 = string })
}

variable "function" {
  description = "Name, identity, size, what the function is told (`config` is T2M_CONFIG, `function` is T2M_FUNCTION), and its roles."
  type = object({
    name           = string
    account        = string
    package        = string
    memory_mib     = number
    vcpus          = number
    requests       = number
    most_instances = number
    timeout_s      = number
    public         = bool
    environment    = map(string)
    config         = any
    function       = any
    rights         = list(object({ role = string, on = string, name = string }))
  })
}

variable "held" {
  description = "Whether no instance runs for now, so that messages wait in the subscription."
  type        = bool
}
