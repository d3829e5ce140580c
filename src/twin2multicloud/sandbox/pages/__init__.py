"""The web pages of a sandbox: the live dashboard of a twin and the console of a simulated cloud."""

from twin2multicloud.sandbox.pages.app import console_app, dashboard_app
from twin2multicloud.sandbox.pages.rates import RateLog

__all__ = ["RateLog", "console_app", "dashboard_app"]
