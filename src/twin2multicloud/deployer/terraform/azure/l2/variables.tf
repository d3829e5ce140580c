variable "digital_twins_url" {
  description = "The endpoint of the Digital Twins instance next door; \"\" where there is none."
  type        = string
  default     = ""
  nullable    = false
}
