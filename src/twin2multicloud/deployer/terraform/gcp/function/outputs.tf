output "url" {
  description = "Its URL."
  value       = local.url
  depends_on  = [google_cloudfunctions2_function.this]
}

output "name" {
  description = "Its name."
  value       = google_cloudfunctions2_function.this.name
}

output "account" {
  description = "The e-mail address of its identity."
  value       = google_service_account.this.email
}
