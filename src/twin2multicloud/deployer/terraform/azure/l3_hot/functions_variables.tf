variable "functions" {
  description = "The slot's functions by component; the module `function` says what each is."
  type = map(object({
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
  }))
  default  = {}
  nullable = false
}

variable "host" {
  description = "The storage account of the functions' host, with the slot's queues; null without functions."
  type        = object({ account = string, queues = set(string), checkpoints = set(string) })
  default     = null
}

variable "plan_id" {
  description = "The id of the site's Consumption plan."
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
  default     = {}
  nullable    = false
}

variable "dependencies" {
  description = "The digest of what packages hold besides our code."
  type        = string
  default     = ""
  nullable    = false
}

variable "topics" {
  description = "The endpoints of the site's Event Grid topics, by name."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "insights" {
  description = "The connection string of the site's Application Insights, which is an address alone."
  type        = string
  default     = ""
  nullable    = false
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

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  nullable    = false
}

variable "public" {
  description = "The functions that are called by HTTP."
  type        = set(string)
  default     = []
  nullable    = false
}
