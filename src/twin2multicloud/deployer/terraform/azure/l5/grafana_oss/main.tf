# L5 as Grafana OSS: one container on Container Apps, which ends TLS and gives it its address. It runs around the clock,
# as priced, on the environment's Consumption profile.
#
# What Grafana keeps (users, dashboards, alert rules) is a database in a file share, so that a restart loses nothing.
# Container Apps mounts shares with an account key, the only one in all of Azure's stacks: it opens this one account,
# which holds nothing else.

locals {
  tags = merge(var.tags, { component = "dashboards" })
  url  = "https://${var.names.app}.${azurerm_container_app_environment.this.default_domain}"
}

resource "azurerm_user_assigned_identity" "dashboards" {
  name                = var.names.identity
  location            = var.location
  resource_group_name = var.resource_group
  tags                = local.tags
}

resource "azurerm_role_assignment" "password" {
  scope                            = var.password.scope
  role_definition_name             = "Key Vault Secrets User"
  principal_id                     = azurerm_user_assigned_identity.dashboards.principal_id
  principal_type                   = "ServicePrincipal"
  skip_service_principal_aad_check = true
  description                      = "the administrator's password"
}

resource "azurerm_container_app_environment" "this" {
  name                = var.names.environment
  location            = var.location
  resource_group_name = var.resource_group
  tags                = local.tags

  # The other destination would want the workspace's key.
  logs_destination        = "azure-monitor"
  zone_redundancy_enabled = false

  workload_profile {
    name                  = "Consumption"
    workload_profile_type = "Consumption"
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_container_app_environment.this.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "ContainerAppConsoleLogs"
  }

  enabled_log {
    category = "ContainerAppSystemLogs"
  }
}

resource "azurerm_container_app" "dashboards" {
  name                         = var.names.app
  resource_group_name          = var.resource_group
  container_app_environment_id = azurerm_container_app_environment.this.id
  revision_mode                = "Single"
  workload_profile_name        = "Consumption"
  tags                         = local.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.dashboards.id]
  }

  secret {
    name                = "admin-password"
    identity            = azurerm_user_assigned_identity.dashboards.id
    key_vault_secret_id = var.password.url
  }

  ingress {
    external_enabled           = true # people sign in from anywhere
    allow_insecure_connections = false
    target_port                = 3000
    transport                  = "auto"

    traffic_weight {
      latest_revision = true
      percentage      = 100
    }
  }

  template {
    # One at a time: two would write one database.
    min_replicas                     = 1
    max_replicas                     = 1
    termination_grace_period_seconds = 60

    container {
      name   = "grafana"
      image  = var.image
      cpu    = var.vcpus
      memory = "${2 * var.vcpus}Gi"

      dynamic "env" {
        for_each = merge(var.environment, { GF_SERVER_ROOT_URL = local.url })

        content {
          name  = env.key
          value = env.value
        }
      }

      env {
        name        = "GF_SECURITY_ADMIN_PASSWORD"
        secret_name = "admin-password"
      }

      volume_mounts {
        name = "grafana"
        path = "/var/lib/grafana"
      }

      startup_probe {
        transport               = "HTTP"
        port                    = 3000
        path                    = "/api/health"
        initial_delay           = 10
        interval_seconds        = 10
        failure_count_threshold = 30
      }

      liveness_probe {
        transport               = "HTTP"
        port                    = 3000
        path                    = "/api/health"
        interval_seconds        = 30
        failure_count_threshold = 5
      }
    }

    volume {
      name         = "grafana"
      storage_type = "AzureFile"
      storage_name = azurerm_container_app_environment_storage.grafana.name
      # SQLite locks bytes of its file, which shares do not do as it expects; with one writer it needs no locks.
      mount_options = "nobrl,uid=472,gid=0,dir_mode=0770,file_mode=0660"
    }
  }

  # A container that starts before its right holds has no password.
  depends_on = [azurerm_role_assignment.password]
}
