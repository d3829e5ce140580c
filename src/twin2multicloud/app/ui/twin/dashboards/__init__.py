"""Dashboards of a twin, drawn by us from the definition that Grafana gets, too."""
