"""What a twin costs: predicted, metered, billed."""
