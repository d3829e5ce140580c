"""What pages about a running twin ask its sandbox: devices, history, rates, rules, the twin graph. Not metered."""
