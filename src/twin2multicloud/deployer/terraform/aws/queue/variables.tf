variable "component" {
  description = "The queue's name in the slot's blueprint."
  type        = string
}

variable "name" {
  description = "The queue's name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,80}$", var.name))
    error_message = "A queue's name has at most 80 letters, digits, '-' and '_'."
  }
}

variable "undelivered" {
  description = "The name of its dead-letter queue, null for none."
  type        = string
  default     = null

  validation {
    condition     = var.undelivered == null || can(regex("^[A-Za-z0-9_-]{1,80}$", var.undelivered))
    error_message = "A queue's name has at most 80 letters, digits, '-' and '_'."
  }
}

variable "topics" {
  description = "Names of the topics whose messages come here."
  type        = list(string)
  default     = []
}

variable "consumer_timeout_s" {
  description = "Seconds after which a run of the queue's consumer is ended."
  type        = number
  default     = 60
}

variable "longest_wait_s" {
  description = "Seconds after which a waiting message raises an alarm, 0 for never."
  type        = number
  default     = 900
}

variable "alarms_arn" {
  description = "The topic of alarms, null for no alarms."
  type        = string
}

variable "account" {
  description = "The account's number."
  type        = string
}

variable "partition" {
  description = "The account's partition."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
}

variable "tags" {
  description = "Tags of everything; `component` is added."
  type        = map(string)
}
