output "stores" {
  description = "What of AzureConfig reaches devices."
  value       = { hub_host = azurerm_iothub.gateway.hostname }
}

output "devices" {
  description = "Where devices connect (MQTT 8883, or HTTPS), how they sign in, and the hub for the registry."
  value = {
    kind           = "iot-hub"
    endpoint       = azurerm_iothub.gateway.hostname
    host           = azurerm_iothub.gateway.hostname
    hub_id         = azurerm_iothub.gateway.id
    authentication = var.device_ca_pem == "" ? "sas" : "x509-ca"
  }
}

output "hub_reader" {
  description = "What the secret `hub` is made of after Terraform: the policy whose key is asked for, and the endpoint."
  value = {
    hub_id    = azurerm_iothub.gateway.id
    policy    = azurerm_iothub_shared_access_policy.reader.name
    endpoint  = azurerm_iothub.gateway.event_hub_events_endpoint
    path      = azurerm_iothub.gateway.event_hub_events_path
    consumers = [for group in azurerm_iothub_consumer_group.reader : group.name]
  }
}
