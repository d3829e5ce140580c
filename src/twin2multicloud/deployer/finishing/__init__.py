"""What follows Terraform: what holds secrets, comes by the million or needs a data plane.

Links and other secrets, devices in their registry, the twin graph's content, dashboards: each by steps of ours, run
from the deployer's machine with the person's credentials, through the runtime's own adapters where a port exists.
Every step may be run again at any time; one that was interrupted is simply begun anew.
"""
