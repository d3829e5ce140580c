"""What the checker makes of resources of Azure."""

from twin2multicloud.deployer.proof.azure.view import look

__all__ = ["look"]
