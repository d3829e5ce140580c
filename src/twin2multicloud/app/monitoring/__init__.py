"""What is gathered from running twins: errors, alerts, health."""
