"""The sandbox's device gateway, L1's front door: it stands for IoT Core's and IoT Hub's MQTT and HTTPS endpoints."""
