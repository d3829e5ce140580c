"""What the bill assumes about our own handlers, batches and dashboards: one documented, overridable object.

Prices come from the price book and demand from the workload. What remains is how the twin is built: milliseconds
and memory per handler, batch sizes, compression, panels per dashboard. Every such number is a field here, so that
it can be overridden (`assumptions:` in a workload file) and, once twins run, measured.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
PositiveShare = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]


class Assumptions(BaseModel):
    """Engineering figures of the twin's own parts. Durations in milliseconds, sizes in bytes unless named."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    # Time: which month is billed.
    planning_month: Annotated[int, Field(ge=0, le=120)] = Field(
        default=12, description="the month after start that is billed; matters only when growth_per_month > 0"
    )

    # Records on the way and at rest.
    envelope_bytes: NotNegative = Field(
        default=250, description="CloudEvents attributes added to each message on links and in queues"
    )
    record_overhead_bytes: NotNegative = Field(
        default=150, description="keys, timestamps and index entries per record in a hot store"
    )
    object_compression: PositiveShare = Field(
        default=0.25, description="size of gzipped NDJSON objects over their raw size (cool and archive)"
    )
    link_compression: PositiveShare = Field(
        default=0.35, description="size of a gzipped batch on a link over its raw size"
    )
    link_overhead_bytes: NotNegative = Field(
        default=900, description="HTTP headers, signature and TLS records per POST on a link"
    )
    object_overhead_bytes: NotNegative = Field(
        default=200, description="what the POST of a mover's object carries besides: its place, size and digest"
    )
    link_max_bytes: Positive = Field(
        default=4 * 2**20, description="largest raw batch one POST carries; functions accept about 6 MB"
    )
    pubsub_overhead_bytes: NotNegative = Field(
        default=100, description="id, timestamp and attributes that Pub/Sub counts with each message"
    )

    # Batching: a batch closes when it is full or when its window ends.
    batch_window_s: Positive = Field(default=1.0, description="longest wait of a message for its batch")
    queue_batch_messages: Count = Field(default=10, description="messages per receive from a queue")
    stream_batch_messages: Count = Field(default=100, description="messages per read from a stream")
    rule_state_refresh_s: Positive = Field(
        default=300, description="seconds a processing function trusts its memory of a rule's state"
    )
    checkpoint_batches: Count = Field(
        default=10, description="batches between two saved positions of an event hub reader"
    )

    # Handlers.
    handler_memory_mib: Positive = Field(default=256, description="memory of every function we deploy")
    handler_vcpus: Positive = Field(default=0.1667, description="vCPUs of a Cloud Run function of that memory")
    invocation_ms: NotNegative = Field(default=5, description="fixed time per invocation of any handler")
    process_ms_per_message: NotNegative = Field(default=2, description="decode, validate, user code")
    rule_ms: NotNegative = Field(default=0.05, description="evaluating one rule on one message")
    write_ms_per_message: NotNegative = Field(default=1, description="writing one record to the hot store")
    graph_ms_per_update: NotNegative = Field(default=1, description="updating one twin property")
    send_ms_per_batch: NotNegative = Field(default=60, description="one signed POST including its round trip")
    link_ms_per_message: NotNegative = Field(default=0.1, description="(de)serialising one message on a link")
    move_ms_per_record: NotNegative = Field(default=0.1, description="moving one record between tiers")
    read_ms_per_query: NotNegative = Field(default=30, description="one dashboard query of the read handler")
    log_bytes_per_invocation: NotNegative = Field(default=200, description="log lines an invocation writes")

    # Durable capacity.
    provisioned_utilization: PositiveShare = Field(
        default=0.7, description="planned use of provisioned capacity at the peak"
    )
    autoscale_hourly_peak: Annotated[float, Field(ge=1, le=100)] = Field(
        default=1.3, description="highest second over the average of an hour, which autoscale bills"
    )
    cosmos_write_ru_per_kib: Positive = Field(default=5.0, description="request units per KiB written")
    cosmos_read_ru_per_kib: Positive = Field(default=1.0, description="request units per KiB read")
    bigtable_writes_per_node_s: Positive = Field(
        default=10_000, title="Bigtable writes per node and second", description="rows a Bigtable node writes per s"
    )

    # Tiering.
    object_bytes: Positive = Field(default=4 * 2**20, description="size at which a mover closes an object (compressed)")
    cool_read_share: Share = Field(default=0.05, description="share of the cool data that is read in a month")
    archive_read_share: Share = Field(default=0.005, description="share of the archived data that is read in a month")
    mover_runs_per_day: Count = Field(default=24, description="runs of each mover; a run closes ≥ 1 object")

    # Twin graph and dashboards.
    entities_per_device: NotNegative = Field(default=1.0, description="twin entities besides the 3D entities")
    twin_updates_per_message: NotNegative = Field(default=1.0, description="property updates per message")
    entity_bytes: NotNegative = Field(default=2000, description="stored size of one entity of our own graph")
    scene_bytes_per_entity: NotNegative = Field(default=2e6, description="3D model data per 3D entity")
    history_panels: NotNegative = Field(default=4, description="panels per dashboard that query L3 hot")
    state_panels: NotNegative = Field(default=2, description="panels per dashboard that query L4")
    records_per_query: NotNegative = Field(default=100, description="records a history query reads")
    query_response_bytes: NotNegative = Field(default=10_000, description="answer of one panel query")
    browser_bytes_per_refresh: NotNegative = Field(default=100_000, description="L5 to the browser per refresh")
    query_units_per_query: NotNegative = Field(default=15, description="Digital Twins query units per query")
    command_bytes: NotNegative = Field(default=200, description="size of a command to a device")
    users_per_grafana_vcpu: Positive = Field(default=100, description="active users one Grafana vCPU serves")

    # Errors and events.
    error_share: Share = Field(default=0.0005, description="share of messages that end as an error event")
    event_bytes: NotNegative = Field(default=1000, description="size of an event, alert or error")
    state_bytes: NotNegative = Field(default=300, description="size of a rule's state or of a nonce in its store")
