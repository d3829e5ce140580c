output "urls" {
  description = "Base URLs of functions by component, to which /links/<edge> and /query/<edge> are appended."
  value       = { for component, function in module.function : component => function.url if var.functions[component].public }
}

output "queues" {
  description = "Addresses of queues by component, and of what they gave up on; of a stream its name."
  value = merge(
    { for component, queue in module.queue : component => { url = queue.url, undelivered_url = queue.undelivered_url } },
    {
      for component, stream in aws_kinesis_stream.intake : component => {
        stream          = stream.name
        undelivered_url = module.stream_undelivered[component].url
      }
    },
  )
}

output "alerts" {
  description = "The topic of rules' alerts, to which more may be subscribed."
  value       = aws_sns_topic.alerts.arn
}
