output "name" {
  description = "The function's name."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "The function's ARN."
  value       = aws_lambda_function.this.arn
}

output "url" {
  description = "The base URL, without a slash at its end; null if it has none."
  value       = var.public ? trimsuffix(aws_lambda_function_url.this[0].function_url, "/") : null
}
