"""What Google Cloud offers for each slot, and the glue it adds where data leaves or reaches it."""

from __future__ import annotations

from twin2multicloud.blueprint.gcp.acquisition import ACQUISITION
from twin2multicloud.blueprint.gcp.glue import ends
from twin2multicloud.blueprint.gcp.management import MANAGEMENT
from twin2multicloud.blueprint.gcp.processing import PROCESSING
from twin2multicloud.blueprint.gcp.storage import ARCHIVE, COOL, HOT
from twin2multicloud.blueprint.gcp.visualization import VISUALIZATION
from twin2multicloud.blueprint.parts import Cloud
from twin2multicloud.model.slots import Provider

GCP = Cloud(
    provider=Provider.GCP,
    offers=(*ACQUISITION, *PROCESSING, *HOT, *COOL, *ARCHIVE, *MANAGEMENT, *VISUALIZATION),
    ends=ends,
    egress_meter="gcp.egress.internet",
)
