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

variable "name" {
  description = "The name of the service or machine."
  type        = string
}

variable "account" {
  description = "The id of Grafana's service account."
  type        = string
}

variable "image" {
  description = "Grafana's image, with its version."
  type        = string

  validation {
    condition     = can(regex(":[0-9]+\\.[0-9]+\\.[0-9]+$", var.image))
    error_message = "An image is pinned to a whole version, such as grafana/grafana:12.3.0."
  }
}

variable "settings" {
  description = "Grafana's settings as environment variables (`GF_…`)."
  type        = map(string)
}

variable "admin_secret" {
  description = "The id of the secret with the administrator's password."
  type        = string
}

variable "bucket" {
  description = "The bucket in which Grafana's database is kept."
  type        = string
}

variable "vcpus" {
  description = "vCPUs of the instance; it has a GiB of memory for each."
  type        = number

  validation {
    condition     = contains([1, 2, 4, 6, 8], var.vcpus)
    error_message = "An instance of Cloud Run has 1, 2, 4, 6 or 8 vCPUs."
  }
}
