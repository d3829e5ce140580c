variable "project" {
  description = "The project's id."
  type        = string
}

variable "region" {
  description = "The site's region."
  type        = string
}

variable "twin" {
  description = "The twin's name, for people."
  type        = string
}

variable "owner" {
  description = "The e-mail address that warnings go to."
  type        = string

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+$", var.owner))
    error_message = "The owner is an e-mail address, such as anna@example.com."
  }
}

variable "labels" {
  description = "The labels of everything, for what the provider does not label by itself."
  type        = map(string)
}

variable "services" {
  description = "The services of the project that the twin uses, such as `pubsub.googleapis.com`."
  type        = list(string)
}

variable "prefix" {
  description = "What the site's topics, collections and secrets begin with."
  type        = string
}

variable "source_bucket" {
  description = "The bucket of the functions' packages."
  type        = string
}

variable "repository" {
  description = "The Artifact Registry repository of the functions' images."
  type        = string
}

variable "builder" {
  description = "The id of the service account that builds images; null where no function runs, so that there is nothing to build."
  type        = string
  default     = null
}

variable "caller" {
  description = "The id of the service account as which Pub/Sub and Cloud Scheduler call functions; null where they call none."
  type        = string
  default     = null
}

variable "database" {
  description = "The site's Firestore database."
  type        = string
}

variable "collections" {
  description = "The ids of the collections `nonces`, `dead-letters` and `rule-states`."
  type        = map(string)
}

variable "topics" {
  description = "The ids of the topics `errors` and `undelivered`; their subscriptions have the same."
  type        = map(string)
}

variable "secrets" {
  description = "The ids of the secrets by name."
  type        = map(string)
}

variable "logs" {
  description = "The name of the log bucket, its sink and its exclusion."
  type        = string
}

variable "log_services" {
  description = "The Cloud Run services whose logs are kept there."
  type        = list(string)
}

variable "log_retention_days" {
  description = "For how many days logs are kept, 1 to 3650."
  type        = number

  validation {
    condition     = var.log_retention_days >= 1 && var.log_retention_days <= 3650
    error_message = "Cloud Logging keeps logs for 1 to 3650 days."
  }
}

variable "budget" {
  description = "The predicted bill a month in whole units of the billing account's currency; the billing account, if it is not the project's."
  type        = object({ units = number, billing_account = optional(string) })
  default     = null
}
