output "arn" {
  description = "The queue's ARN."
  value       = aws_sqs_queue.this.arn
}

output "url" {
  description = "The queue's URL."
  value       = aws_sqs_queue.this.url
}

output "undelivered_arn" {
  description = "The ARN of its dead-letter queue, null if it has none."
  value       = one(aws_sqs_queue.undelivered[*].arn)
}

output "undelivered_url" {
  description = "The URL of its dead-letter queue, null if it has none."
  value       = one(aws_sqs_queue.undelivered[*].url)
}
