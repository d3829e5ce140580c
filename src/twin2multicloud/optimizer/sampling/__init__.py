"""Thousands of workloads of one twin: each one's optimum, and what placements cost over all of them."""
