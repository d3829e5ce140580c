variable "name" {
  description = "The name of cluster, service, network and API."
  type        = string
}

variable "network" {
  description = "What names of security groups begin with."
  type        = string
}

variable "execution_role" {
  description = "The name of the role that starts the task."
  type        = string
}

variable "task_role" {
  description = "The name of the role that the task runs as."
  type        = string
}

variable "image" {
  description = "Grafana's image with its version."
  type        = string

  validation {
    condition     = can(regex(":[0-9]+\\.[0-9]+\\.[0-9]+$", var.image))
    error_message = "The image names a version, such as grafana/grafana:12.1.1."
  }
}

variable "environment" {
  description = "Grafana's settings as environment variables; nothing secret."
  type        = map(string)
}

variable "password" {
  description = "The name of the secret with the administrator's password."
  type        = string
}

variable "cpu_units" {
  description = "The task's processors in 1/1024 vCPU, of Fargate's sizes."
  type        = number

  validation {
    condition     = contains([512, 1024, 2048, 4096, 8192, 16384], var.cpu_units)
    error_message = "Fargate has tasks of 0.5, 1, 2, 4, 8 and 16 vCPU."
  }
}

variable "memory_mib" {
  description = "The task's memory in MiB."
  type        = number
}

variable "cidr" {
  description = "The addresses of the network."
  type        = string
  default     = "10.64.0.0/24"
}

variable "region" {
  description = "The region."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "tags" {
  description = "Tags of everything; `component` is added."
  type        = map(string)
}
