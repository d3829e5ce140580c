"""Devices in Azure IoT Hub's identity registry, a hundred a request, so that 100,000 need little memory.

The registry is not listed: a device that is to be created and exists already is answered so. A load that came to its
end is remembered (`Ledger`), so that the next one asks only about what is new, unless the hub has fewer devices than
it should: then it was made anew, or somebody removed some.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import requests.exceptions

from twin2multicloud.deployer.finishing.ledger import Content, Ledger
from twin2multicloud.deployer.finishing.progress import REGISTRY, Report, StepError, StepProgress
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.runtime.adapters.azure.calls import retry_after_s

if TYPE_CHECKING:
    from azure.iot.hub import IoTHubRegistryManager  # type: ignore[import-untyped]
    from azure.iot.hub.models import ExportImportDevice  # type: ignore[import-untyped]

PER_REQUEST: Final = 100
"""Devices that the service takes in one request."""
_ATTEMPTS: Final = 12
_FIRST_WAIT_S: Final = 2.0
_LONGEST_WAIT_S: Final = 60.0
"""A hub of one S1 unit takes 100 registry operations a minute."""

_THERE: Final = frozenset({"DeviceAlreadyExists", "409001"})
_GONE: Final = frozenset({"DeviceNotFound", "404001"})
_PASSING: Final = frozenset({"ThrottlingException", "429001", "ServerError", "500001", "ServiceUnavailable", "503001"})

KeyOf = Callable[[str], str]
"""A device's symmetric key in base64."""


def symmetric_key(secret: bytes, device: str) -> str:
    """A device's key for shared access signatures, derived as `runtime.device_keys` does, in standard base64."""
    return base64.b64encode(hmac.digest(secret, device.encode(), hashlib.sha256)).decode()


@dataclass
class Registered:
    """What a load did: devices created, found there, removed; and `skipped`, known from the load before."""

    created: int = 0
    there: int = 0
    removed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        counts = ("created", self.created), ("there already", self.there + self.skipped), ("removed", self.removed)
        return ", ".join(f"{count} {what}" for what, count in counts if count) or "no devices"


class HubRegistry:
    """A hub's registry. Without `key_of` devices show certificates of the authority that the hub knows."""

    def __init__(
        self, hub: IoTHubRegistryManager, key_of: KeyOf | None = None, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._hub = hub
        self._key_of = key_of
        self._sleep = sleep

    def count(self) -> int:
        """How many devices there are."""
        return int(self._patiently(self._hub.get_device_registry_statistics).total_device_count or 0)

    def create(self, devices: Sequence[str]) -> int:
        """Create at most `PER_REQUEST` devices; how many were new. Those that exist stay as they are."""
        return self._update([self._device(name) for name in devices], _THERE)

    def remove(self, devices: Sequence[str]) -> int:
        """Remove at most `PER_REQUEST` devices; how many there were."""
        from azure.iot.hub.models import ExportImportDevice

        return self._update([ExportImportDevice(id=name, import_mode="delete") for name in devices], _GONE)

    def disable(self, device: str, *, enabled: bool = False) -> None:
        """Let a device in no more, whatever it shows (or again). The hub ends its connection."""
        from azure.iot.hub.models import ExportImportDevice

        known = ExportImportDevice(
            id=device,
            import_mode="update",
            status="enabled" if enabled else "disabled",
            authentication=self._authentication(device),
        )
        self._update([known], frozenset())

    def _device(self, name: str) -> ExportImportDevice:
        from azure.iot.hub.models import ExportImportDevice

        return ExportImportDevice(
            id=name, import_mode="create", status="enabled", authentication=self._authentication(name)
        )

    def _authentication(self, name: str) -> Any:
        from azure.iot.hub.models import AuthenticationMechanism, SymmetricKey

        if self._key_of is None:
            return AuthenticationMechanism(type="certificateAuthority")
        key = self._key_of(name)
        return AuthenticationMechanism(type="sas", symmetric_key=SymmetricKey(primary_key=key, secondary_key=key))

    def _update(self, devices: list[ExportImportDevice], expected: frozenset[str]) -> int:
        """Send devices until the hub has taken each or `expected` errors; how many it took."""
        done = 0
        for attempt in range(1, _ATTEMPTS + 1):
            waiting = devices
            result = self._patiently(partial(self._hub.bulk_create_or_update_devices, waiting))
            failed = {error.device_id: str(error.error_code) for error in result.errors or ()}
            wrong = {name: code for name, code in failed.items() if code not in expected | _PASSING}
            if wrong or (not result.is_successful and not failed):
                told = ", ".join(f"{name}: {code}" for name, code in list(wrong.items())[:5]) or "no reason was given"
                raise StepError(REGISTRY, f"the hub refuses {len(wrong) or len(devices)} devices ({told})")
            devices = [device for device in devices if failed.get(device.id) in _PASSING]
            done += len(waiting) - len(failed)
            if not devices:
                return done
            self._wait(attempt, None)
        raise StepError(REGISTRY, f"the hub does not take {devices[0].id} and {len(devices) - 1} more; try again later")

    def _patiently(self, call: Callable[[], Any]) -> Any:
        from msrest.exceptions import ClientRequestError, HttpOperationError

        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return call()
            except HttpOperationError as error:
                status = error.response.status_code
                if status != 429 and status < 500:
                    raise StepError(REGISTRY, _refused(status)) from error
                problem, asked = f"answers {status}", retry_after_s(error.response.headers)
            except (ClientRequestError, requests.exceptions.RequestException) as error:
                problem, asked = f"cannot be reached ({type(error).__name__})", None
            self._wait(attempt, asked)
        raise StepError(REGISTRY, f"the hub {problem} again and again; try again later")

    def _wait(self, attempt: int, asked_s: float | None) -> None:
        self._sleep(min(asked_s or _FIRST_WAIT_S * 2.0 ** (attempt - 1), _LONGEST_WAIT_S))


def _refused(status: int) -> str:
    if status in (401, 403):
        return (
            f"the hub refuses your identity ({status}); it needs the role IoT Hub Registry Contributor on the hub, "
            "which takes some minutes to work after it was given"
        )
    return f"the hub answers {status}"


def register_devices(spec: TwinSpec, registry: HubRegistry, ledger: Ledger, report: Report) -> Registered:
    """Bring the registry to the definition's devices. Devices that somebody else registered stay."""
    content = Content(devices=spec.devices)
    former = ledger.former()
    ledger.begin(content)
    total = sum(len(group) for group in spec.devices)
    whole = former[-1] if len(former) == 1 else Content()
    if registry.count() < sum(len(group) for group in whole.devices):
        whole = Content()  # the hub was made anew
    known = set(whole.names()) if whole != content else set()
    result = Registered()
    if whole == content:
        result.skipped = total
    else:
        for batch in _batches(name for name in content.names() if name not in known):
            new = registry.create(batch)
            result.created += new
            result.there += len(batch) - new
            report(StepProgress(REGISTRY, "devices are registered", result.created + result.there, total))
        result.skipped = total - result.created - result.there
    wanted = None
    for past in former:
        if past == content:
            continue
        wanted = wanted if wanted is not None else set(content.names())
        for batch in _batches(name for name in past.names() if name not in wanted):
            result.removed += registry.remove(batch)
            report(StepProgress(REGISTRY, f"{result.removed} devices are removed"))
    ledger.end(content)
    return result


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    left = iter(names)
    while batch := list(islice(left, PER_REQUEST)):
        yield batch
