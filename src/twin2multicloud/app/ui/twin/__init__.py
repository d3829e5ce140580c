"""A twin: how it does, what it measures, what it costs, what it is."""
