"""Where the front end (`ui`) meets those who serve it: beside the API, or from a person's own machine."""
