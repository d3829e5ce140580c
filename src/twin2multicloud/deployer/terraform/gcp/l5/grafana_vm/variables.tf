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

variable "zone" {
  description = "The machine's zone, in the site's region."
  type        = string
}

variable "machine_type" {
  description = "e2-small or e2-medium, as it is priced."
  type        = string

  validation {
    condition     = contains(["e2-small", "e2-medium"], var.machine_type)
    error_message = "The machine is an e2-small or an e2-medium."
  }
}

variable "disk_gib" {
  description = "The disk in GiB."
  type        = number
}

variable "proxy_image" {
  description = "Caddy's image, with its version."
  type        = string
}

variable "domain" {
  description = "The name under which people reach the dashboards, whose address record points to the machine; null for a name made of its address."
  type        = string
  default     = null
}
