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

variable "collections" {
  description = "The ids of the collections `twins` and `models`."
  type        = map(string)
}

variable "store" {
  description = "The fields of GcpConfig that open the graph."
  type        = any
}
