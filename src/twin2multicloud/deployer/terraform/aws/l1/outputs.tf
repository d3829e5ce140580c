output "urls" {
  description = "Base URLs of functions by component, to which /links/<edge> and /query/<edge> are appended."
  value       = { for component, function in module.function : component => function.url if var.functions[component].public }
}

output "queues" {
  description = "Addresses of queues by component, and of what they gave up on."
  value       = { for component, queue in module.queue : component => { url = queue.url, undelivered_url = queue.undelivered_url } }
}

output "devices" {
  description = "How devices connect: MQTT with TLS and a certificate of the deployment's authority whose common name is the device's. {device} stands for its name."
  value = {
    endpoint       = data.aws_iot_endpoint.devices.endpoint_address
    mqtt_port      = 8883
    authentication = "x509"
    client_id      = "${var.devices.prefix}{device}"
    topics         = var.devices.topics
    commands       = "dt/${var.devices.twin}/{device}/commands"
    authority      = aws_iot_ca_certificate.devices.id
    policy         = aws_iot_policy.devices.name
    things_prefix  = var.devices.prefix
  }
}
