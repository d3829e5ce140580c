"""Runs Terraform or OpenTofu: found or embedded, isolated, watched, interruptible, and honest about what it left."""
