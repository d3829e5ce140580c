# The script that starts Grafana in its container, the same on Cloud Run and on a machine. It says itself what it does.

output "script" {
  description = "The script's text, for `sh`."
  value       = file("${path.module}/start.sh")
}
