"""Pictures of what is built for a twin, drawn from its blueprint, its functions and its stacks."""
