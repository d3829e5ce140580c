output "urls" {
  description = "Base URLs of functions by component, to which /links/<edge> and /query/<edge> are appended."
  value       = { for component, function in module.function : component => function.url if var.functions[component].public }
}

output "stores" {
  description = "What a function's configuration says of the slot's stores (fields of AwsConfig)."
  value       = jsondecode(replace(replace(jsonencode(var.stores), "{account}", local.account), "{partition}", local.partition))
}
