"""A footprint as plain JSON values, every figure with its source."""

from __future__ import annotations

from typing import Any

from twin2multicloud.optimizer.carbon.factors import Factors
from twin2multicloud.optimizer.carbon.footprint import Footprint

Json = dict[str, Any]


def footprint_json(found: Footprint, factors: Factors) -> Json:
    """All lines, what is not modelled, the grids of the regions in use, and the sources that are cited."""
    grids = {line.region: factors.grid(line.provider, line.region) for line in found.lines}
    cited = {line.source for line in found.lines}
    cited |= {each.source for each in grids.values() if each is not None and each.source is not None}
    cited |= {each.own.source for each in grids.values() if each is not None and each.own is not None}
    return {
        "gco2e_per_month": found.gco2e_per_month,
        "kwh_per_month": found.kwh_per_month,
        "lines": [
            {
                "what": line.what,
                "provider": line.provider.value,
                "region": line.region,
                "quantity": line.quantity,
                "unit": line.unit,
                "kwh_per_month": line.kwh_per_month,
                "gco2e_per_month": line.gco2e_per_month,
                "source": line.source,
            }
            for line in found.lines
        ],
        "not_modelled": [
            {
                "meter": line.meter,
                "provider": line.provider.value,
                "region": line.region,
                "quantity": line.quantity,
                "unit": line.unit,
                "usd": line.usd,
            }
            for line in found.not_modelled
        ],
        "not_modelled_share": found.not_modelled_share,
        "unknown_regions": list(found.unknown_regions),
        "grids": {
            region: None if grid is None else grid.model_dump(mode="json", exclude_none=True)
            for region, grid in grids.items()
        },
        "sources": {key: factors.sources[key].model_dump(mode="json") for key in sorted(cited)},
    }
