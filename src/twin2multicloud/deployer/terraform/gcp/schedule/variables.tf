variable "component" {
  description = "The component's name in the blueprint."
  type        = string
}

variable "site" {
  description = "What the site's slots share, as the foundation made it."
  type        = object({ project = string, region = string, caller = string })
}

variable "url" {
  description = "The function's URL."
  type        = string
}

variable "schedule" {
  description = "The job's name, the component of its function, its times (cron, UTC), and how long a run may take."
  type        = object({ name = string, function = string, cron = string, deadline_s = number })
}

variable "held" {
  description = "Whether it is paused."
  type        = bool
}
