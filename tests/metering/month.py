"""A stretch of a month of a twin, event by event, as the runtime lives it: what the meters are told.

Knows the design (who hands what to whom, when a batch closes, what a mover does) and none of the blueprint's formulas.
Each activity is lived for a stretch long enough to be typical, in a book of its own, and then counted as often as the
month has such stretches.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.hooks import (
    COMMANDS,
    LINK,
    MOVE,
    PERSIST,
    POST,
    PROCESS,
    QUERY,
    RULES,
    TWIN_UPDATES,
    Meters,
    meters_for,
)

MONTH_S = 730 * 3600.0
LEVELS = ("entities", "entity-bytes", "users", "editors", "viewers")
Arrivals = list[tuple[float, int]]


@functools.cache
def _arrivals(devices: int, interval_s: float, messages: int) -> list[float]:
    rng = random.Random(1)
    rounds = max(messages // devices, 1)
    return sorted((k + rng.random()) * interval_s for k in range(rounds) for _ in range(devices))


@functools.cache
def _reads(interval_s: float, refresh_s: float) -> tuple[int, float]:
    """How often one device's rule states are read in how many seconds."""
    rng = random.Random(2)
    rounds = math.ceil(max(1000 * refresh_s, 3000 * interval_s) / interval_s)
    reads, read = 0, -math.inf
    for k in range(rounds):
        at = (k + 0.2 * rng.random()) * interval_s
        if at - read >= refresh_s:
            reads, read = reads + 1, at
    return reads, rounds * interval_s


class Share:
    """Every so many of something: 0.1 of 25 things are 2, and the next time 3."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._due = 0.0

    def of(self, things: int) -> int:
        self._due += things * self._share
        whole = math.floor(self._due + 1e-9)
        self._due -= whole
        return whole


def gather(arrivals: Arrivals, most: int, window_s: float) -> Arrivals:
    """Batches that close when full or `window_s` after their first message, as (when, how many)."""
    batches: Arrivals = []
    opened, count = 0.0, 0
    for at, many in arrivals:
        if count and at > opened + window_s:
            batches.append((opened + window_s, count))
            count = 0
        left = many
        while left:
            if not count:
                opened = at
            taken = min(left, most - count)
            count, left = count + taken, left - taken
            if count == most:
                batches.append((at, count))
                count = 0
    if count:
        batches.append((opened + window_s, count))
    return batches


def cut(arrivals: Arrivals, most: int) -> Arrivals:
    """What each hand-over is packed into at once."""
    return [(at, min(most, many - start)) for at, many in arrivals for start in range(0, many, most)]


def lying(size: int, many: int, whole: bool, most: int = 10**9) -> list[int]:
    """Sizes of messages as they lie in a queue: one each, or one for a whole batch of at most `most`."""
    if not whole:
        return [size] * many
    return [size * min(most, many - start) for start in range(0, many, most)]


@dataclass
class Sizes:
    payload: int
    envelope: int
    record: int
    event: int
    state: int
    command: int
    command_envelope: int
    packed_record: float


class Month:
    """Lives a blueprint's month; `amounts()` is what was metered, in base quantities by (meter, component)."""

    def __init__(self, blueprint: Blueprint, messages: int) -> None:
        self.blueprint = blueprint
        self.w, self.a = blueprint.workload, blueprint.assumptions
        self.messages = messages
        self.book = MeterBook()
        self.all = meters_for(blueprint, self.book)
        a, w = self.a, self.w
        size = int(w["message_size_bytes"])
        envelope = size + int(a["envelope_bytes"])
        self.sizes = Sizes(
            payload=size,
            envelope=envelope,
            record=size + int(a["record_overhead_bytes"]),
            event=int(a["event_bytes"]),
            state=int(a["state_bytes"]),
            command=int(a["command_bytes"]),
            command_envelope=int(a["command_bytes"] + a["envelope_bytes"]),
            packed_record=envelope * a["object_compression"],
        )
        self.rate = w["devices"] / w["message_interval_s"]
        self.window = a["batch_window_s"]
        self.link_most = int(w["link_batch_messages"])

    def live(self) -> None:
        self.telemetry()
        self.rule_reads()
        self.tiering()
        self.people()
        self.standing()

    def amounts(self) -> dict[tuple[str, str], float]:
        found = {
            (name, meter.component.id): amount.amount
            for meter in self.all
            for name, amount in meter.month(MONTH_S).items()
        }
        for link in self.all.links.values():
            assert hasattr(link, "month")
            found.update({(n, link.component_id): a.amount for n, a in link.month(MONTH_S).items()})  # type: ignore[attr-defined]
        return found

    @contextmanager
    def stretch(self, share_of_month: float) -> Iterator[Meters]:
        book = MeterBook()
        yield meters_for(self.blueprint, book)
        self.book.merge(
            {key: value if key[0] in LEVELS else value / share_of_month for key, value in book.amounts().items()}
        )

    def apart(self, edge: str) -> bool:
        return self.blueprint.by_edge[edge].apart

    def provider(self, slot: Slot) -> Provider:
        return self.blueprint.places[slot].provider

    def offer(self, slot: Slot) -> str:
        return self.blueprint.places[slot].offer

    # ── Telemetry, from the devices to the stores ───────────────────────────────────────────────────────────────
    def arrivals(self) -> list[float]:
        """Times of messages: every device sends once in each interval, whenever it likes."""
        return _arrivals(int(self.w["devices"]), self.w["message_interval_s"], self.messages)

    def telemetry(self) -> None:
        times = self.arrivals()
        seconds = len(times) / self.rate
        with self.stretch(seconds / MONTH_S) as m:
            m.gateway.connected(self.w["devices"] * seconds)
            for _ in range(0, len(times), 10):
                m.gateway.message(self.sizes.payload, 10)
            self.process(m, self.intake(m, [(at, 1) for at in times]))

    def intake(self, m: Meters, arrivals: Arrivals) -> Arrivals:
        """From the gateway to processing; the runs of processing."""
        offer, a, s = self.offer(Slot.PROCESSING), self.a, self.sizes
        queue_most, stream_most = int(a["queue_batch_messages"]), int(a["stream_batch_messages"])
        provider = self.provider(Slot.PROCESSING)
        if self.apart("telemetry"):
            arrivals = self.cross(m, "telemetry", self.leave_gateway(m, arrivals), s.envelope)
        size = s.payload if provider is Provider.GCP and not self.apart("telemetry") else s.envelope
        if provider is Provider.AWS:
            runs = gather(arrivals, stream_most if "kinesis" in offer else queue_most, self.window)
        elif self.apart("telemetry"):
            # A message of the queue is a batch of the link, or what fits 64 KB of it.
            if provider is Provider.AZURE:
                runs = cut(arrivals, 65_536 // size)
            else:
                runs = arrivals if offer == "gcp.run-functions" else gather(arrivals, stream_most, self.window)
        else:
            runs = arrivals if offer == "gcp.run-functions" else gather(arrivals, stream_most, self.window)
        channel = self.channel_of_intake(m)
        whole = self.apart("telemetry") and provider is not Provider.AWS
        for _, many in cut(arrivals, 65_536 // size) if provider is Provider.AZURE else arrivals:
            channel.sent(lying(size, many, whole))
        for _, many in runs:
            channel.received(lying(size, many, whole, self.link_most))
            channel.acked(lying(size, many, whole, self.link_most))
        return runs

    @staticmethod
    def channel_of_intake(m: Meters):  # type: ignore[no-untyped-def]
        return m.channel("L2/intake" if "L2/intake" in m else "L2/intake-checkpoints")

    def leave_gateway(self, m: Meters, arrivals: Arrivals) -> Arrivals:
        provider, s = self.provider(Slot.ACQUISITION), self.sizes
        batches = gather(arrivals, self.link_most, self.window)
        if provider is Provider.AWS:
            outbox = m.channel("L1/telemetry-outbox")
            outbox.sent([s.envelope] * len(arrivals))
            for _, many in batches:
                outbox.received([s.envelope] * many)
                outbox.acked([s.envelope] * many)
        elif provider is Provider.AZURE:
            for _, many in batches:
                m.channel("L1/telemetry-checkpoints").received([s.envelope] * many)
        else:
            topic = m.channel("L1/telemetry-deliveries")
            for _, many in batches:
                topic.received([s.payload] * many)
        return batches

    def process(self, m: Meters, runs: Arrivals) -> None:
        a, w, s = self.a, self.w, self.sizes
        events, errors = Share(w["event_share"]), Share(a["error_share"])
        per_s = self.rate / w["devices"]
        commands = Share(w["commands_per_device_per_day"] / 86_400 / per_s)
        updates = Share(a["twin_updates_per_message"])
        function, alerts, topic = m.function("L2/process"), m.channel("L2/alerts"), m.channel("L2/errors")
        state, letters = m.store("L2/rule-state"), m.store("L2/dead-letters")
        handed: dict[str, Arrivals] = {PERSIST: [], TWIN_UPDATES: [], COMMANDS: []}
        for at, many in runs:
            counts = {PERSIST: many, TWIN_UPDATES: updates.of(many), COMMANDS: commands.of(many)}
            work = {PROCESS: many, RULES: many * w["rules_per_message"], **counts}
            function.invoked(many, work)
            for edge, count in counts.items():
                if count:
                    handed[edge].append((at, count))
            for _ in range(2 * events.of(many)):  # begins, ends
                alerts.sent([s.event])
                alerts.received([s.event])
                alerts.acked([s.event])
                state.wrote([s.state])
            for _ in range(errors.of(many)):
                topic.sent([s.event])
                topic.received([s.event])
                topic.acked([s.event])
                letters.wrote([s.envelope])
                m.gateway.refused()
        for _, many in self.hand_over(m, PERSIST, handed[PERSIST], s.envelope):
            m.store("L3.hot/hot").wrote([s.record] * many)
        for _, many in self.hand_over(m, TWIN_UPDATES, handed[TWIN_UPDATES], s.envelope):
            m.graph.updated([self.update_bytes()] * many)
        for _, many in self.hand_over(m, COMMANDS, handed[COMMANDS], s.command_envelope):
            m.gateway.command(s.command, many)

    def update_bytes(self) -> int:
        """A patch holds the message's values, a document of our own graph is as large as a record."""
        return self.sizes.payload if self.offer(Slot.MANAGEMENT) == "azure.digital-twins" else self.sizes.record

    def hand_over(self, m: Meters, edge: str, handed: Arrivals, size: int) -> Arrivals:
        if not self.apart(edge):
            return handed
        outbox = m.channel(f"L2/{edge}-outbox")
        offer = self.offer(Slot.PROCESSING)
        whole = offer.startswith("azure.") or offer == "gcp.run-worker"
        if offer.startswith("azure."):
            batches = cut(handed, min(self.link_most, 65_536 // size))
        elif offer == "gcp.run-worker":
            batches = cut(handed, self.link_most)
        else:
            batches = gather(handed, self.link_most, self.window)
        for _, many in batches if whole else handed:
            outbox.sent(lying(size, many, whole))
        for _, many in batches:
            outbox.received(lying(size, many, whole))
            outbox.acked(lying(size, many, whole))
        return self.cross(m, edge, batches, size)

    def cross(self, m: Meters, edge: str, batches: Arrivals, size: int) -> Arrivals:
        """Every batch is posted, received and remembered."""
        link = self.blueprint.by_edge[edge]
        sender = m.function(f"{link.source}/{edge}-sender")
        receiver = m.function(f"{link.target}/{edge}-receiver")
        for _, many in batches:
            sender.invoked(many, {POST: 1, LINK: many})
            body = many * size * self.a["link_compression"]
            m.link(edge).sent(body + self.a["link_overhead_bytes"], many, many * size, body)  # type: ignore[arg-type]
            receiver.invoked(many, {LINK: many, edge: many} if edge != "telemetry" else {LINK: many})
        return batches

    def rule_reads(self) -> None:
        """One device's rules for long: its first message after each refresh period reads their states."""
        interval, refresh = self.w["message_interval_s"], self.a["rule_state_refresh_s"]
        rules = int(self.w["rules_per_message"])
        reads, seconds = _reads(interval, refresh)
        with self.stretch(seconds / (MONTH_S * self.w["devices"])) as m:
            for _ in range(reads):
                m.store("L2/rule-state").read(rules, [self.sizes.state] * rules)

    # ── Tiers ───────────────────────────────────────────────────────────────────────────────────────────────────
    def tiering(self) -> None:
        a, s = self.a, self.sizes
        per_day = int(a["mover_runs_per_day"])
        records = self.rate * 86_400 / per_day
        runs = 3
        with self.stretch(runs * 86_400 / per_day / MONTH_S) as m:
            due = Share(records)
            for _ in range(runs):
                self.move(m, due.of(1))
        sample = min(round(records * runs), 5000)
        with self.stretch(sample / (self.rate * MONTH_S)) as m:
            m.store("L3.hot/hot").deleted([s.record] * sample)

    def move(self, m: Meters, records: int) -> None:
        """One run of each mover: a window of records out of the hot tier, an equally large one out of the cool."""
        s, a = self.sizes, self.a
        per_object = int(a["object_bytes"] / s.packed_record)
        objects = [min(per_object, records - start) for start in range(0, records, per_object)]
        devices = int(self.w["devices"])
        for found, size in ((0, 0), (records, records * s.record), (0, 0)):  # anything old? its window; anything else?
            m.store("L3.hot/hot").swept(devices, found, size)
        posts = len(objects) if self.apart("to-cool") else 0
        m.function("L3.hot/to-cool-mover").invoked(records, {MOVE: records, POST: posts})
        for count in objects:
            self.object_across(m, "to-cool", count)
            m.bucket("L3.cool/cool").put(round(count * s.packed_record))
        if not self.apart("to-archive"):
            for count in objects:
                m.bucket("L3.archive/archive").transition(round(count * s.packed_record))
            return
        m.function("L3.cool/to-archive-mover").invoked(records, {MOVE: records, POST: len(objects)})
        for count in objects:
            m.bucket("L3.cool/cool").got(round(count * s.packed_record))
            self.object_across(m, "to-archive", count)
            m.bucket("L3.archive/archive").put(round(count * s.packed_record))

    def object_across(self, m: Meters, edge: str, count: int) -> None:
        if not self.apart(edge):
            return
        link = self.blueprint.by_edge[edge]
        size = round(count * self.sizes.packed_record)
        m.link(edge).sent(
            size + int(self.a["link_overhead_bytes"] + self.a["object_overhead_bytes"]), count, size, size
        )
        m.function(f"{link.target}/{edge}-receiver").invoked(count, {LINK: count})

    # ── People ──────────────────────────────────────────────────────────────────────────────────────────────────
    def people(self) -> None:
        a, w, s = self.a, self.w, self.sizes
        refreshes = w["dashboard_refreshes_per_hour"] * w["dashboard_hours_per_day"] * 730 / 24
        lived = 20
        with self.stretch(lived / refreshes) as m:
            read = int(a["records_per_query"])
            answer = int(a["query_response_bytes"])
            for _ in range(lived):
                m.dashboards.served(int(a["browser_bytes_per_refresh"]))
                for _ in range(int(a["history_panels"])):
                    self.asked(m, "history", answer)
                    m.function("L3.hot/history").invoked(read, {QUERY: 1})
                    m.store("L3.hot/hot").read(read, [read * s.record])
                for _ in range(int(a["state_panels"])):
                    self.asked(m, "state", answer)
                    m.function("L4/twin-state").invoked(1, {QUERY: 1})
                    m.graph.queried([answer])
        self.look_back(Slot.COOL, "cool", w["cool_months"] - w["hot_months"], a["cool_read_share"])
        self.look_back(Slot.ARCHIVE, "archive", w["archive_months"] - w["cool_months"], a["archive_read_share"])

    def asked(self, m: Meters, edge: str, answer: int) -> None:
        if self.apart(edge):
            body = answer * self.a["link_compression"]
            m.link(edge).sent(round(body + self.a["link_overhead_bytes"]), 1, answer, round(body))

    def look_back(self, slot: Slot, name: str, months: float, share: float) -> None:
        """People read a share of the objects that a tier holds."""
        per_run = self.rate * 86_400 / self.a["mover_runs_per_day"]
        packed = per_run * self.sizes.packed_record
        objects = math.ceil(packed / self.a["object_bytes"])
        held = objects * self.a["mover_runs_per_day"] * 730 / 24 * months
        lived = 10
        with self.stretch(lived / (held * share)) as m:
            for _ in range(lived):
                m.bucket(f"{slot}/{name}").got(round(packed / objects))

    def standing(self) -> None:
        w, a = self.w, self.a
        entities = round(w["devices"] * a["entities_per_device"] + w["entities_3d"])
        self.all.graph.holds(entities, entities * a["entity_bytes"], 0.0)
        self.all.dashboards.users(int(w["editors"]), int(w["viewers"]))
