"""What a twin really costs: lines of bills, which meters they belong to, and why they differ from the prediction."""
