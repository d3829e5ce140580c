"""What the checker makes of resources of Google Cloud."""

from twin2multicloud.deployer.proof.gcp.view import look

__all__ = ["look"]
