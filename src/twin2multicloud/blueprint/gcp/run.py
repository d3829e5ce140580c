"""Cloud Run as the twin uses it: functions, concurrent services and always-on workers, and the time they bill.

Rules from Google's "Configure CPU limits for services" and "Billing settings": an instance of less than one vCPU
takes one request at a time and is billed for requests only; billed time is rounded up to 100 ms; requests that
share an instance are billed once. Instance-based billing needs a whole vCPU.
"""

from __future__ import annotations

import numpy as np

from twin2multicloud.blueprint.parts import Component, Kind, Role, Use
from twin2multicloud.blueprint.volumes import SECONDS_PER_MONTH, FloatArray, Volumes

_MIB = 2**20
_STEP_MS = 100
_LEAST_VCPUS = ((512, 0.08), (1024, 0.5), (4096, 1.0), (8192, 2.0), (16384, 4.0), (24576, 6.0), (32768, 8.0))

MOST_MEMORY_MIB = _LEAST_VCPUS[-1][0]
"""Memory of the largest instance."""

SERVICE_VCPUS = 1.0
SERVICE_MIB = 512


def least_vcpus(memory_mib: float) -> float:
    """The fewest vCPUs that may have this much memory."""
    return next((vcpus for most, vcpus in _LEAST_VCPUS if memory_mib <= most), _LEAST_VCPUS[-1][1])


def function_vcpus(v: Volumes) -> float:
    """vCPUs of a function: as assumed, or more where its memory asks for it."""
    return max(v.assumptions.handler_vcpus, least_vcpus(v.assumptions.handler_memory_mib))


def _one_by_one_s(requests: FloatArray, busy_ms: FloatArray) -> FloatArray:
    """Seconds billed when each request has an instance to itself: started tenths of a second."""
    each = np.divide(busy_ms, requests, out=np.zeros_like(busy_ms), where=requests > 0)
    # A hair above a whole number of steps is rounding, not another step.
    steps = np.maximum(np.ceil(each / _STEP_MS - 1e-9), 1.0)
    return requests * steps * _STEP_MS / 1000


def _shared_s(requests: FloatArray, held_ms: FloatArray, busy_ms: FloatArray) -> FloatArray:
    """Seconds billed when requests share instances: one instance all month, or more when its CPU is busy.

    `held_ms` are the requests' durations added up, `busy_ms` the part of them that needs the CPU.
    """
    return np.minimum(_one_by_one_s(requests, held_ms), np.maximum(busy_ms / 1000, SECONDS_PER_MONTH))


def function_s(v: Volumes, requests: FloatArray, busy_ms: FloatArray) -> FloatArray:
    """Seconds billed for a function's `requests`, which take `busy_ms` together.

    Functions of less than a vCPU, the default, cannot share an instance.
    """
    if function_vcpus(v) < 1:
        return _one_by_one_s(requests, busy_ms)
    return _shared_s(requests, busy_ms, busy_ms)


def _request_based(requests: FloatArray, seconds: FloatArray, vcpus: float, memory_mib: float) -> tuple[Use, ...]:
    return (
        Use("gcp.run.requests", requests),
        Use("gcp.run.cpu", seconds * vcpus),
        Use("gcp.run.memory", seconds * memory_mib * _MIB),
    )


def _logs(v: Volumes, entries: FloatArray) -> Use:
    return Use("gcp.logging.ingestion", entries * v.assumptions.log_bytes_per_invocation)


def _function(v: Volumes, name: str, role: Role, requests: FloatArray, seconds: FloatArray) -> Component:
    uses = _request_based(requests, seconds, function_vcpus(v), v.assumptions.handler_memory_mib)
    return Component(name, Kind.FUNCTION, "Cloud Run functions", (*uses, _logs(v, requests)), role)


def function(v: Volumes, name: str, role: Role, requests: FloatArray, busy_ms: FloatArray) -> Component:
    """A function. `busy_ms` is the time of all its requests together, before rounding."""
    return _function(v, name, role, requests, function_s(v, requests, busy_ms))


def more_of_function(
    v: Volumes,
    name: str,
    role: Role,
    before: tuple[FloatArray, FloatArray],
    after: tuple[FloatArray, FloatArray],
) -> Component:
    """What a function costs more with `after` than with `before`, each (requests, ms together); never less."""
    requests = np.maximum(after[0] - before[0], 0.0)
    seconds = np.maximum(function_s(v, *after) - function_s(v, *before), 0.0)
    return _function(v, name, role, requests, seconds)


def service(
    v: Volumes,
    name: str,
    role: Role,
    requests: FloatArray,
    held_ms: FloatArray,
    busy_ms: FloatArray,
    log_entries: FloatArray,
) -> Component:
    """A service of one vCPU whose requests overlap; request logs are off, `log_entries` are its own.

    `held_ms` and `busy_ms` are the durations of all requests and the CPU time they need.
    """
    seconds = _shared_s(requests, held_ms, busy_ms)
    uses = _request_based(requests, seconds, SERVICE_VCPUS, SERVICE_MIB)
    return Component(name, Kind.FUNCTION, "Cloud Run", (*uses, _logs(v, log_entries)), role)


def gathering_service(
    v: Volumes,
    name: str,
    role: Role,
    requests: FloatArray,
    batches: FloatArray,
    batch_ms: FloatArray,
    open_ms: FloatArray,
    busy_ms: FloatArray,
) -> Component:
    """What handles `requests` as `batches`: a function where every batch is one request, else a service.

    `batch_ms` is the time of all batches in a function that need not wait, `open_ms` the time from the first request
    of each batch to the answer of all of them, `busy_ms` the CPU time of all requests.
    """
    gathers = requests > batches * (1 + 1e-9)
    alone = function_s(v, batches, batch_ms)
    shared = _shared_s(batches, open_ms, busy_ms)
    function_bytes = v.assumptions.handler_memory_mib * _MIB
    uses = (
        Use("gcp.run.requests", requests),
        Use("gcp.run.cpu", np.where(gathers, shared * SERVICE_VCPUS, alone * function_vcpus(v))),
        Use("gcp.run.memory", np.where(gathers, shared * SERVICE_MIB * _MIB, alone * function_bytes)),
    )
    return Component(name, Kind.FUNCTION, "Cloud Run", (*uses, _logs(v, batches)), role)


def worker(v: Volumes, name: str, role: Role, busy_ms: FloatArray, log_entries: FloatArray) -> Component:
    """Instances that run all month and pull their work, enough of them for the peak; no charge per request."""
    a = v.assumptions
    memory_mib = max(float(SERVICE_MIB), a.handler_memory_mib)
    vcpus = max(SERVICE_VCPUS, least_vcpus(memory_mib))
    peak = busy_ms / 1000 / SECONDS_PER_MONTH * v.peak_factor / a.provisioned_utilization
    seconds = np.maximum(np.ceil(peak - 1e-9), 1.0) * SECONDS_PER_MONTH
    uses = (
        Use("gcp.run.instance-cpu", seconds * vcpus),
        Use("gcp.run.instance-memory", seconds * memory_mib * _MIB),
        _logs(v, log_entries),
    )
    return Component(name, Kind.FUNCTION, "Cloud Run worker", uses, role)
