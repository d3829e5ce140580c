"""A twin's dashboards as Grafana's own JSON, built with Grafana's foundation SDK; see docs/dashboards.md."""

from twin2multicloud.dashboards.build import grafana_dashboards
from twin2multicloud.dashboards.source import ReadSource
from twin2multicloud.dashboards.units import unit_suffixes

__all__ = ["ReadSource", "grafana_dashboards", "unit_suffixes"]
