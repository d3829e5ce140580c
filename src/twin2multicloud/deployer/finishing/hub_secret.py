"""The secret `hub`: how functions read an IoT Hub's built-in endpoint, which takes no identities but only keys.

The hub makes the keys of its access policies itself. This step asks for one and puts it where the functions' settings
refer to; it is in no state of Terraform's.
"""

from __future__ import annotations

from typing import Any, Final

from twin2multicloud.deployer.credentials.arm import Arm, ArmError
from twin2multicloud.deployer.finishing.progress import HUB, Report, StepError, StepProgress, failing_as
from twin2multicloud.deployer.finishing.secrets import HUB_SECRET
from twin2multicloud.runtime.ports import Secrets

_VERSION: Final = "2023-06-30"


def write_hub_secret(reader: dict[str, Any], arm: Arm, secrets: Secrets, report: Report) -> bool:
    """Write the connection string of an L1 stack's output `hub_reader`; False if it is there already."""
    try:
        answer = arm.post(f"{reader['hub_id']}/IotHubKeys/{reader['policy']}/listkeys", _VERSION)
        value = (
            f"Endpoint={reader['endpoint']};SharedAccessKeyName={reader['policy']};"
            f"SharedAccessKey={answer['primaryKey']};EntityPath={reader['path']}"
        )
    except ArmError as error:
        remedy = ""
        if error.status == 403:
            remedy = "; your identity needs Microsoft.Devices/iotHubs/iotHubKeys/listkeys/action on the hub"
        raise StepError(HUB, f"the key of policy {reader['policy']} cannot be read: {error}{remedy}") from error
    except KeyError as error:
        raise StepError(HUB, f"the answer of the hub, or the stack's output, lacks {error}") from error
    with failing_as(HUB):
        try:
            if secrets.get(HUB_SECRET) == value:
                return False
        except KeyError:
            pass  # the first time
        secrets.put(HUB_SECRET, value)
    report(StepProgress(HUB, "functions can read the hub"))
    return True
