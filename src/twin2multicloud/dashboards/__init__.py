"""A twin's dashboards as Grafana's own JSON, built with Grafana's foundation SDK; see docs/dashboards.md."""
