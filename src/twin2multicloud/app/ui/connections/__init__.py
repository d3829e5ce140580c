"""Accounts at clouds: kept, checked, given other credentials, forgotten."""
