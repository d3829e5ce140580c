variable "component" {
  description = "The blueprint's component that this function is."
  type        = string
  nullable    = false
}

variable "function" {
  description = <<-EOT
    What the function is: names of its app and identity, the role of its package, whether it runs (a held one does
    not), its settings, the fields of T2M_CONFIG that are known by name, the topics it publishes on, whether it reaches
    Digital Twins (`twins`), the rights of its identity by the word that each serves (`roles` of Azure, `stores` of
    Cosmos DB accounts), and whether a setting refers to the secret `hub`. `flex` is its plan, null on Consumption.
  EOT
  type = object({
    app      = string
    identity = string
    package  = string
    running  = bool
    settings = map(string)
    config = object({
      twin        = string
      blob_url    = optional(string)
      queue_url   = optional(string)
      cosmos_url  = optional(string)
      hot_url     = optional(string)
      graph_url   = optional(string)
      graph       = optional(string)
      hub_host    = optional(string)
      vault_url   = optional(string)
      cool_tier   = optional(string)
      most_events = optional(number)
    })
    topics     = set(string)
    twins      = bool
    roles      = map(object({ scope = string, role = string }))
    stores     = map(object({ account = string, scope = string, role_id = string }))
    hub_secret = bool
    flex       = optional(object({ plan = string, memory_mib = number }))
  })
  nullable = false

  validation {
    condition     = length(var.function.app) >= 2 && length(var.function.app) <= 32
    error_message = "An app's name has 2 to 32 characters: the Functions host tells apps by the first 32."
  }
}

variable "location" {
  description = "The region."
  type        = string
  nullable    = false
}

variable "resource_group" {
  description = "The name of the site's resource group."
  type        = string
  nullable    = false
}

variable "resource_group_id" {
  description = "Its id."
  type        = string
  nullable    = false
}

variable "plan_id" {
  description = "The id of the site's Consumption plan."
  type        = string
  nullable    = false
}

variable "host_account" {
  description = "The storage account of the slot's function host."
  type        = string
  nullable    = false
}

variable "code" {
  description = "Where packages lie: the storage account's id and blob endpoint, the container's id and name."
  type        = object({ account_id = string, endpoint = string, container_id = string, container = string })
  nullable    = false
}

variable "packages" {
  description = "The functions' packages, by role: file (below the root module) and hashes."
  type        = map(object({ file = string, sha256 = string, base64sha256 = string }))
  nullable    = false
}

variable "dependencies" {
  description = "The digest of what packages hold besides our code: another one is another package."
  type        = string
  nullable    = false
}

variable "topics" {
  description = "The endpoints of the site's Event Grid topics, by name."
  type        = map(string)
  nullable    = false
}

variable "digital_twins_url" {
  description = "The endpoint of the Digital Twins instance; \"\" where the function does not reach one."
  type        = string
  default     = ""
  nullable    = false
}

variable "insights" {
  description = "The connection string of Application Insights: an address, no credential, since it takes identities only."
  type        = string
  nullable    = false
}

variable "scale_limit" {
  description = "The most instances of an app on the Consumption plan (1 to 200)."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.scale_limit >= 1 && var.scale_limit <= 200
    error_message = "The Consumption plan runs 1 to 200 instances."
  }
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  nullable    = false
}
