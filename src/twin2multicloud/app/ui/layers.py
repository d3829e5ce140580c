"""What the layers of a twin and their tiers are called."""

from __future__ import annotations

from twin2multicloud.app.ui.language import tr


def names() -> dict[str, str]:
    """Every layer and tier by its short name, which the API knows it by."""
    return {
        "L1": tr("L1 Acquisition"),
        "L2": tr("L2 Processing"),
        "L3": tr("L3 Storage"),
        "L3.hot": tr("L3 Storage · hot"),
        "L3.cool": tr("L3 Storage · cool"),
        "L3.archive": tr("L3 Storage · archive"),
        "L4": tr("L4 Management"),
        "L5": tr("L5 Visualization"),
    }


def name(layer: str) -> str:
    """A layer's or tier's name; what is none is told as it is."""
    return names().get(layer, layer)
