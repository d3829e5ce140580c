output "name" {
  description = "Its name."
  value       = google_cloud_run_v2_service.this.name
}

output "account" {
  description = "The e-mail address of its identity."
  value       = google_service_account.this.email
}
