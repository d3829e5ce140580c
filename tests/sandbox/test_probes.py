"""Probes: they go the whole way of telemetry, and nobody who looks at the twin ever meets one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.sandbox.rig import Rig
from tests.sandbox.twins import placement_of, small_twin
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.faults import Fault, FaultKind
from twin2multicloud.sandbox.watching.client import WatchClient
from twin2multicloud.sandbox.watching.devices import DevicesRequest

pytestmark = pytest.mark.slow


def arrives(client: SandboxClient, id: str, timeout_s: float = PATIENCE_S) -> float | None:
    deadline = time.monotonic() + timeout_s
    while (found := client.probed(id)) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


@pytest.mark.parametrize(
    "clouds",
    ["aws", {**dict.fromkeys(Slot, "gcp"), Slot.ACQUISITION: "aws", Slot.PROCESSING: "azure"}],
    ids=["together", "apart"],
)
def test_a_probe_is_seen_in_the_hot_store_and_nowhere_else(tmp_path: Path, clouds: str | dict[Slot, str]) -> None:
    spec, workload = small_twin(4)
    rig = Rig(tmp_path, spec, workload, placement_of(clouds))
    client = rig.up()
    try:
        sent = time.time()
        client.probe("probe-1")
        seen = arrives(client, "probe-1")
        assert seen is not None
        assert sent <= seen <= time.time()
        listed = WatchClient(client).devices(DevicesRequest(order="-last_seen"))
        assert [each["id"] for each in listed["devices"] if each["seen"] is not None] == []
        assert listed["total"] == 4
        whole = [client.cloud_status(cloud) for cloud in client.config.clouds]
        assert sum(kind.records for cloud in whole for store in cloud.stores for kind in store.classes) == 0
        assert sum(cloud.gateway.messages for cloud in whole if cloud.gateway is not None) == 0
        client.inject(Fault(FaultKind.OUTAGE))
        with pytest.raises(UsageError, match="outage"):
            client.probe("probe-2")
        client.clear_faults()
    finally:
        rig.down()
    assert rig.stored() == []
