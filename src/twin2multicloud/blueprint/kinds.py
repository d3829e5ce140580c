"""The words for components, ends and relations, free of numpy: what plans, sandbox and deployer share with formulas."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a component is, in words a deployer, a sandbox and a person share."""

    GATEWAY = "gateway"
    FUNCTION = "function"
    QUEUE = "queue"
    STREAM = "stream"
    TOPIC = "topic"
    STORE = "store"
    BUCKET = "bucket"
    GRAPH = "graph"
    SCHEDULE = "schedule"
    DASHBOARD = "dashboard"
    EGRESS = "egress"


class Role(StrEnum):
    """Which of the runtime's handlers a function runs."""

    INGEST = "ingest"
    PROCESS = "process"
    SEND = "send"
    RECEIVE = "receive"
    MOVE = "move"
    READ = "read"
    GRAPH = "graph"
    RULES = "rules"
    REPORT = "report"


class Relation(StrEnum):
    """How the two ends of an edge lie to each other."""

    SAME = "same"  # one region of one cloud
    REGION = "region"  # two regions of one cloud
    CLOUD = "cloud"  # two clouds


class End(StrEnum):
    """Which end of an edge an offer is."""

    SOURCE = "source"
    TARGET = "target"
