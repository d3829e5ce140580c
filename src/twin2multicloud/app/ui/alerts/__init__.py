"""Alerts of all twins: what needs somebody, who looks after it, what is kept quiet."""
