variable "name" {
  description = "The name of the workspace and of its role."
  type        = string
}

variable "grafana_version" {
  description = "Grafana's version, of those that the service has."
  type        = string
}

variable "administrators" {
  description = "Ids of users of IAM Identity Center who may change everything."
  type        = list(string)
  default     = []
}

variable "viewers" {
  description = "Ids of users of IAM Identity Center who may look at dashboards."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of everything; `component` is added."
  type        = map(string)
}
