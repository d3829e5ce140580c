variable "resource_group" {
  description = "The resource group of everything at the site."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$", var.resource_group))
    error_message = "A resource group's name has 1 to 90 letters, digits, _ ( ) . - and no dot at its end."
  }
}

variable "location" {
  description = "The region."
  type        = string
  nullable    = false
}

variable "plan" {
  description = "The Consumption plan of our own handlers."
  type        = string
  nullable    = false
}

variable "vault" {
  description = "The key vault."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z](-?[a-zA-Z0-9]){2,23}$", var.vault)) && length(var.vault) <= 24
    error_message = "A vault's name has 3 to 24 letters, digits and single dashes and begins with a letter."
  }
}

variable "secrets" {
  description = "The secrets to make, and what each begins with: \"unset\", or \"random\" for a password that works at once."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for kind in values(var.secrets) : contains(["unset", "random"], kind)])
    error_message = "A secret begins with \"unset\" or \"random\"."
  }
}

variable "states" {
  description = "The Cosmos DB account of dead letters, rule states and nonces; see the module `cosmos_store`."
  type = object({
    account  = string
    database = string
    containers = map(object({
      name          = string
      partition_key = string
      indexed       = optional(list(string), [])
      ttl           = optional(number)
      throughput    = optional(number)
      autoscale     = optional(number)
      roles         = map(object({ id = string, actions = set(string) }))
    }))
  })
  nullable = false
}

variable "code" {
  description = "The storage account of packages, and their container."
  type        = object({ account = string, packages = string })
  nullable    = false
}

variable "events" {
  description = "Event Grid topics by name (alerts, errors), the identity that delivers, the queue and its component."
  type = object({
    topics    = map(string)
    identity  = string
    queue     = string
    component = string
  })
  nullable = false
}

variable "logs" {
  description = "The log workspace, Application Insights, the action group, whom it tells, and days that logs are kept."
  type = object({
    workspace      = string
    insights       = string
    alarms         = string
    owner          = string
    retention_days = number
  })
  nullable = false

  validation {
    condition     = contains([30, 60, 90, 120, 180, 270, 365, 550, 730], var.logs.retention_days)
    error_message = "Application Insights keeps logs for 30, 60, 90, 120, 180, 270, 365, 550 or 730 days."
  }
}

variable "budget" {
  description = "The monthly budget of the deployment, in the subscription's currency; null where another site has it."
  type        = object({ name = string, subscription = string, amount = number })
  default     = null
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  nullable    = false
}
