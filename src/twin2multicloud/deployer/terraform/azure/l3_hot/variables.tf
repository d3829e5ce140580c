variable "store" {
  description = "The Cosmos DB account; the module `cosmos_store` says what its fields are."
  type = object({
    account    = string
    database   = string
    serverless = bool
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
