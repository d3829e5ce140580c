variable "hub" {
  description = "The IoT Hub: name, edition and units, partitions, and the least TLS version where the region lets it be set."
  type = object({
    name       = string
    sku        = string
    units      = number
    partitions = number
    min_tls    = optional(string)
  })
  nullable = false

  validation {
    condition     = contains(["S1", "S2", "S3", "B1", "B2", "B3"], var.hub.sku)
    error_message = "The editions are S1 to S3 and B1 to B3."
  }

  validation {
    condition     = var.hub.units >= 1 && var.hub.units <= (endswith(var.hub.sku, "3") ? 10 : 200)
    error_message = "A hub has 1 to 200 units, of the editions S3 and B3 10 at most."
  }
}

variable "device_ca_pem" {
  description = "The certificate of the authority that signs devices' certificates, as PEM; \"\" for devices with keys alone."
  type        = string
  default     = ""
  nullable    = false
}

variable "readers" {
  description = "The components that read the hub's endpoint, each in a consumer group of its name."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "guests" {
  description = "Rights on the hub of functions of processing, by word: the function's component and a role."
  type        = map(object({ component = string, role = string }))
  default     = {}
  nullable    = false
}

variable "guest_principals" {
  description = "The principals of those functions, by component."
  type        = map(string)
  default     = {}
  nullable    = false
}
