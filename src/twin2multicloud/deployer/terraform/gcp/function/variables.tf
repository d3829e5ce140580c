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
    caller        = string
  })
}

variable "project_number" {
  description = "The project's number, which the function's URL contains."
  type        = string
}

variable "package" {
  description = "The function's package: its file below the root module, and its SHA-256 in hex."
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

  validation {
    condition     = var.function.requests == 1 || var.function.vcpus >= 1
    error_message = "An instance of less than one vCPU takes one request at a time."
  }
}
