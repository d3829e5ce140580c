"""Price, place, deploy and operate digital twins over AWS, Azure and Google Cloud."""

__version__ = "0.1.0"
