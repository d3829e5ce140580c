"""What the checker makes of resources of AWS."""

from twin2multicloud.deployer.proof.aws.view import look

__all__ = ["look"]
