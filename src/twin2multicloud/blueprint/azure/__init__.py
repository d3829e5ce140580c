"""What Azure offers for each slot, and the glue it adds where data leaves or reaches it."""

from __future__ import annotations

from twin2multicloud.blueprint.azure.acquisition import ACQUISITION
from twin2multicloud.blueprint.azure.glue import ends
from twin2multicloud.blueprint.azure.management import MANAGEMENT
from twin2multicloud.blueprint.azure.processing import PROCESSING
from twin2multicloud.blueprint.azure.storage import ARCHIVE, COOL, HOT
from twin2multicloud.blueprint.azure.visualization import VISUALIZATION
from twin2multicloud.blueprint.parts import Cloud
from twin2multicloud.model.slots import Provider

AZURE = Cloud(
    provider=Provider.AZURE,
    offers=(*ACQUISITION, *PROCESSING, *HOT, *COOL, *ARCHIVE, *MANAGEMENT, *VISUALIZATION),
    ends=ends,
    egress_meter="azure.egress.internet",
)
