"""Moving a slot of a deployed twin: what `twin2multicloud.moving` needs of Terraform and the clouds."""
