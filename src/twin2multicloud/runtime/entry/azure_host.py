"""The Azure Functions host's settings, apart from the entry points: whoever packages an app needs no host."""

from __future__ import annotations

from typing import Any, Final

from twin2multicloud.model.spec import TwinSpec

TIMEOUT_S: Final = 300
"""How long the host lets a function run; the Consumption plan allows no more than 600 s."""


def host_json(spec: TwinSpec, checkpoint_batches: int = 10) -> dict[str, Any]:
    """The app's `host.json`. What fails comes again until it succeeds: our own code sets aside what never will."""
    batching = spec.batching
    window = f"00:00:{max(round(batching.window_s), 1):02d}"
    return {
        "version": "2.0",
        "functionTimeout": f"00:{TIMEOUT_S // 60:02d}:00",
        "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"},
        "extensions": {
            "http": {"routePrefix": ""},
            "queues": {
                "batchSize": 16,
                "maxDequeueCount": 1_000_000,
                "visibilityTimeout": "00:00:10",
                "messageEncoding": "base64",
            },
            "eventHubs": {
                "maxEventBatchSize": batching.stream_messages,
                "minEventBatchSize": max(batching.stream_messages - 1, 1),
                "maxWaitTime": window,
                "batchCheckpointFrequency": checkpoint_batches,
            },
        },
    }
