"""What a placement emits: energy by published coefficients, times what the grids of its regions emit."""
