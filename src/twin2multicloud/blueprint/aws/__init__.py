"""What AWS offers for each slot, and the glue it adds where data leaves or reaches it."""

from __future__ import annotations

from twin2multicloud.blueprint.aws.acquisition import ACQUISITION
from twin2multicloud.blueprint.aws.glue import ends
from twin2multicloud.blueprint.aws.management import MANAGEMENT
from twin2multicloud.blueprint.aws.processing import PROCESSING
from twin2multicloud.blueprint.aws.storage import ARCHIVE, COOL, HOT
from twin2multicloud.blueprint.aws.visualization import VISUALIZATION
from twin2multicloud.blueprint.parts import Cloud
from twin2multicloud.model.slots import Provider

AWS = Cloud(
    provider=Provider.AWS,
    offers=(*ACQUISITION, *PROCESSING, *HOT, *COOL, *ARCHIVE, *MANAGEMENT, *VISUALIZATION),
    ends=ends,
    egress_meter="aws.egress.internet",
)
