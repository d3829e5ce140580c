"""The prices and quotas of the published model, exactly as its artifact holds them.

Source: Gritsch, Pierer, Berardinelli, Felderer, Ristov, "Twin2Clouds: Cost-Aware Digital Twin Engineering and
Deployment Across Federated Clouds", MODELS-C 2025, DOI 10.1109/MODELS-C68889.2025.00045, and its public artifact
cloud-DTs/twin2clouds (Apache-2.0, revision 2e62914). US dollars, list prices of June 2025. Some figures are not what
the providers charged even then (docs/edt25.md lists them); they are kept, since they are the published model.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from typing import Final

VERSION: Final = "edt25-2025-06"
DATE: Final = "2025-06"
"""The month of the paper's prices."""

EGRESS_FREE_GB: Final = 100.0


@dataclass(frozen=True)
class Egress:
    """Graduated price of data that leaves a cloud, granted anew on every link.

    `widths_gb` are the widths of the paid tiers after `free_gb` (GB per month), all but the last, which has no
    end; `usd_per_gb` has one price more than there are widths.
    """

    free_gb: float
    widths_gb: tuple[float, ...]
    usd_per_gb: tuple[float, ...]


@dataclass(frozen=True)
class PaperPrices:
    """Every constant of the published model. USD; a unit is one of what the name's `per_…` says, per month."""

    # L1, AWS IoT Core and Azure IoT Hub
    iot_core_usd_per_device: float = 0.0035
    iot_core_usd_per_rule: float = 1.5e-7
    iot_core_rules_per_message: float = 2.0
    iot_core_tier_ends_messages: tuple[float, float] = (1e9, 5e9)
    iot_core_usd_per_message: tuple[float, float, float] = (1e-6, 8e-7, 7e-7)
    iot_core_chunk_kb: float = 5.0
    iot_hub_edition_ends_messages: tuple[float, float] = (1.2e8, 1.8e9)
    iot_hub_quota_messages: tuple[float, float, float] = (1.2e7, 1.8e8, 9e9)
    iot_hub_usd_per_unit: tuple[float, float, float] = (25.0, 250.0, 2500.0)
    iot_hub_chunk_kb: float = 4.0

    # L2, AWS Lambda and Azure Functions: the same figures on both
    function_usd_per_execution: float = 2e-7
    function_free_executions: float = 1e6
    function_usd_per_gb_s: float = 1.66667e-5
    function_free_gb_s: float = 4e5
    function_duration_ms: float = 100.0
    function_memory_gb: float = 0.125

    # L3.hot, Amazon DynamoDB and Azure Cosmos DB
    dynamodb_usd_per_write: float = 6.25e-7
    dynamodb_usd_per_read: float = 1.25e-7
    dynamodb_usd_per_gb: float = 0.25
    dynamodb_free_gb: float = 25.0
    cosmos_usd_per_ru_s: float = 0.0584
    cosmos_min_ru_s: float = 400.0
    cosmos_ru_per_write: float = 1.0
    cosmos_ru_per_read: float = 10.0
    cosmos_ru_growth_per_kb: float = 0.05
    cosmos_usd_per_gb: float = 0.25
    hot_buffer_months: float = 0.5

    # L3.cool, S3 Standard-IA and Blob Storage Cool, in objects of 100 MB
    cool_object_mb: float = 100.0
    cool_read_share: float = 0.1
    s3_ia_usd_per_gb: float = 0.0125
    s3_ia_upfront_usd_per_gb: float = 1e-4
    s3_ia_usd_per_request: float = 1e-5
    s3_ia_retrieval_usd_per_gb: float = 0.01
    blob_cool_usd_per_gb: float = 0.015
    blob_cool_usd_per_write: float = 1e-5
    blob_cool_usd_per_read: float = 1e-6
    blob_cool_retrieval_usd_per_gb: float = 0.01

    # L3.archive, S3 Glacier Deep Archive and Blob Storage Archive
    archive_read_share: float = 0.01
    glacier_usd_per_gb: float = 0.00099
    glacier_usd_per_request: float = 5e-5
    glacier_retrieval_usd_per_gb: float = 0.0025
    blob_archive_usd_per_gb: float = 0.00099
    blob_archive_usd_per_write: float = 1.3e-5
    blob_archive_retrieval_usd_per_gb: float = 0.02

    # L4, AWS IoT TwinMaker and Azure Digital Twins
    twinmaker_usd_per_entity: float = 0.05
    twinmaker_usd_per_call: float = 1.5e-6
    twinmaker_usd_per_query: float = 5e-5
    digital_twins_usd_per_operation: float = 2.5e-6
    digital_twins_usd_per_query_unit: float = 5e-7
    digital_twins_query_units: tuple[tuple[float, float], ...] = ((99.0, 15.0), (9999.0, 1500.0))
    """(most devices, query units of one query); beyond the last, `digital_twins_max_query_units`."""
    digital_twins_max_query_units: float = 4000.0

    # L5, Amazon Managed Grafana and Azure Managed Grafana
    grafana_aws_usd_per_editor: float = 9.0
    grafana_aws_usd_per_viewer: float = 5.0
    grafana_azure_usd_per_user: float = 6.0
    grafana_azure_usd_per_hour: float = 0.069

    # Transfers
    egress_aws: Egress = Egress(EGRESS_FREE_GB, (10_240.0, 51_200.0, 102_400.0), (0.09, 0.085, 0.07, 0.05))
    egress_azure: Egress = Egress(EGRESS_FREE_GB, (10_240.0, 40_960.0, 102_400.0), (0.08, 0.065, 0.06, 0.04))
    move_aws_to_aws_usd_per_gb: float = 0.1
    move_azure_to_azure_usd_per_gb: float = 0.05
    move_azure_to_azure_free_gb: float = 5.0
    move_azure_to_aws_usd_per_gb: float = 0.05


PRICES: Final = PaperPrices()


@cache
def content_hash(prices: PaperPrices = PRICES) -> str:
    """SHA-256, in hexadecimal, of the constants as JSON with sorted keys and no white space."""
    text = json.dumps(asdict(prices), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
