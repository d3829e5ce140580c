"""The endpoints, one module per noun: parse, ask a service, answer."""
