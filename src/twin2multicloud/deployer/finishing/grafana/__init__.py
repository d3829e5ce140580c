"""L5's content: folder, data sources, dashboards, alert rules and people, through Grafana's HTTP API."""
