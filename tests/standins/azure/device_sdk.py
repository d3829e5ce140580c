"""A device with Microsoft's own device SDK, as a process of its own (the SDK asks for another paho than we do).

Usage: PYTHON_OF_THE_SDK device_sdk.py DEVICE KEY AUTHORITY_FILE. Sends one message, answers one direct method, and
prints what that was as JSON. The SDK always connects to port 8883.
"""

import json
import sys
import threading
from pathlib import Path
from typing import Any

from azure.iot.device import IoTHubDeviceClient, Message, MethodResponse  # type: ignore[import-untyped]

device, key, authority = sys.argv[1:]
client = IoTHubDeviceClient.create_from_connection_string(
    f"HostName=localhost;DeviceId={device};SharedAccessKey={key}",
    server_verification_cert=Path(authority).read_text(),
    connection_retry=False,
)
called = threading.Event()


def answer(request: Any) -> Any:
    print(json.dumps({"name": request.name, "payload": request.payload}), flush=True)
    client.send_method_response(MethodResponse.create_from_method_request(request, 200, {}))
    called.set()


client.on_method_request_received = answer
client.connect()
message = Message(json.dumps({"temperature": 21.5}), content_type="application/json", content_encoding="utf-8")
message.custom_properties["kind"] = "telemetry"
client.send_message(message)
print("ready", flush=True)
called.wait(30)
client.shutdown()
