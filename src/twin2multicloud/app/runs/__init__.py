"""Runs: what is done to twins, durably."""
