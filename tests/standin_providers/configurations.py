"""Terraform files for the tests: a little of each cloud, with references across the clouds."""

from __future__ import annotations

PROVIDERS = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 5.10, < 6"
    }
    google = {
      source  = "hashicorp/google"
      version = ">= 8.7, < 9"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
  default_tags {
    tags = { twin = "mill" }
  }
}

provider "azurerm" {
  features {}
  subscription_id = "11111111-2222-3333-4444-555555555555"
}

provider "google" {
  project        = "mill-project"
  region         = "europe-west3"
  default_labels = { twin = "mill" }
}
"""

AWS = """
data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "write" {
  statement {
    actions   = ["dynamodb:PutItem"]
    resources = [aws_dynamodb_table.hot.arn]
  }
}

resource "aws_dynamodb_table" "hot" {
  name         = "mill-hot"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "device"
  range_key    = "time"
  attribute {
    name = "device"
    type = "S"
  }
  attribute {
    name = "time"
    type = "N"
  }
  ttl {
    attribute_name = "expires"
    enabled        = true
  }
  tags = { layer = "L3" }
}

resource "aws_iam_role" "writer" {
  name = "mill-writer"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "writer" {
  name   = "write"
  role   = aws_iam_role.writer.name
  policy = data.aws_iam_policy_document.write.json
}

resource "aws_lambda_function" "ingest" {
  function_name    = "mill-ingest"
  role             = aws_iam_role.writer.arn
  runtime          = "python3.12"
  handler          = "main.handler"
  filename         = "code.zip"
  source_code_hash = "one"
  environment {
    variables = { TABLE = aws_dynamodb_table.hot.name }
  }
}

resource "aws_lambda_function_url" "ingest" {
  function_name      = aws_lambda_function.ingest.function_name
  authorization_type = "NONE"
}

resource "aws_iot_topic_rule" "ingest" {
  name        = "mill_ingest"
  enabled     = true
  sql         = "SELECT * FROM 'dt/mill/+/telemetry'"
  sql_version = "2016-03-23"
  lambda {
    function_arn = aws_lambda_function.ingest.arn
  }
}

resource "aws_lambda_permission" "ingest" {
  statement_id  = "iot"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.ingest.function_name
  principal     = "iot.amazonaws.com"
  source_arn    = aws_iot_topic_rule.ingest.arn
}
"""

AZURE = """
data "azurerm_client_config" "me" {}

resource "azurerm_resource_group" "mill" {
  name     = "mill"
  location = "westeurope"
  tags     = { twin = "mill" }
}

resource "azurerm_iothub" "hub" {
  name                = "mill-hub"
  resource_group_name = azurerm_resource_group.mill.name
  location            = azurerm_resource_group.mill.location
  sku {
    name     = "S1"
    capacity = 1
  }
}

resource "azurerm_cosmosdb_account" "hot" {
  name                = "mill-hot"
  resource_group_name = azurerm_resource_group.mill.name
  location            = azurerm_resource_group.mill.location
  offer_type          = "Standard"
  consistency_policy {
    consistency_level = "Session"
  }
  geo_location {
    location          = azurerm_resource_group.mill.location
    failover_priority = 0
  }
}

resource "azurerm_cosmosdb_sql_database" "twin" {
  name                = "twin"
  resource_group_name = azurerm_resource_group.mill.name
  account_name        = azurerm_cosmosdb_account.hot.name
}

resource "azurerm_storage_account" "cool" {
  name                     = "millcool"
  resource_group_name      = azurerm_resource_group.mill.name
  location                 = azurerm_resource_group.mill.location
  account_tier             = "Standard"
  account_replication_type = "LRS"
}
"""

GOOGLE = """
data "google_project" "me" {}

resource "google_pubsub_topic" "telemetry" {
  name   = "mill-telemetry"
  labels = { layer = "l2" }
}

resource "google_storage_bucket" "code" {
  name                        = "mill-code"
  location                    = "EU"
  uniform_bucket_level_access = true
}

resource "google_storage_bucket_object" "code" {
  name   = "code.zip"
  bucket = google_storage_bucket.code.name
  source = "code.zip"
}

resource "google_cloudfunctions2_function" "process" {
  name     = "mill-process"
  location = "europe-west3"
  build_config {
    runtime     = "python312"
    entry_point = "main"
    source {
      storage_source {
        bucket = google_storage_bucket.code.name
        object = google_storage_bucket_object.code.name
      }
    }
  }
  service_config {
    environment_variables = {
      RECEIVER = aws_lambda_function_url.ingest.function_url
      STORE    = azurerm_cosmosdb_account.hot.endpoint
    }
  }
  event_trigger {
    event_type   = "google.cloud.pubsub.topic.v1.messagePublished"
    pubsub_topic = google_pubsub_topic.telemetry.id
  }
}
"""

OUTPUTS = """
output "account" { value = data.aws_caller_identity.me.account_id }
output "project" { value = data.google_project.me.number }
output "receiver" { value = google_cloudfunctions2_function.process.service_config[0].uri }
output "hub" { value = azurerm_iothub.hub.hostname }
output "key" {
  value     = azurerm_cosmosdb_account.hot.primary_key
  sensitive = true
}
"""

ALL = PROVIDERS + AWS + AZURE + GOOGLE + OUTPUTS

RESOURCES = 16
"""How many resources `ALL` has."""

QUEUES = """
resource "aws_sqs_queue" "each" {
  count = 5
  name  = "mill-${count.index}"
}
"""
"""Five resources that do not depend on each other; to be put after `PROVIDERS`."""


def changed(old: str, new: str, text: str = ALL) -> str:
    """A configuration with one place changed; the place must be there."""
    assert old in text, f"not in the configuration: {old}"
    return text.replace(old, new, 1)
