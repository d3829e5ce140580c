"""MQTT 3.1.1 and 5 as far as devices of a twin need it: packets, a reader and a writer. Standard library only."""
