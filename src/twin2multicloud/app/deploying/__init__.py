"""Deploying as a person asks for it: twins, prices and the deployer brought together."""
