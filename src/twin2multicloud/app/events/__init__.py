"""Events: written with what they tell of, then delivered to whoever watches."""
