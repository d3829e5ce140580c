terraform {
  # 1.11 brought arguments that are written and never kept: the secrets of the vault begin with one.
  required_version = ">= 1.11"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 5.10, < 6"
    }
  }
}
