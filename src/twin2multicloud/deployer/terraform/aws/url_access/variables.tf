variable "name" {
  description = "The CloudFormation stack's name."
  type        = string
}

variable "functions" {
  description = "ARNs of the functions that have URLs, by component."
  type        = map(string)
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
}
