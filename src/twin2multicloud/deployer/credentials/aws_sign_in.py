"""A session of boto3 from what Terraform's provider is told (`AWS_*`), so that both are the same person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def aws_session(environ: Mapping[str, str], region: str) -> Any:
    """The session that the variables describe: they are a connection's, and not of this process. Raises botocore's
    `BotoCoreError` where they name what is not there.
    """
    import botocore.session  # type: ignore[import-untyped]
    from boto3.session import Session  # type: ignore[import-untyped]

    core = botocore.session.Session(profile=environ.get("AWS_PROFILE"))
    if "AWS_CONFIG_FILE" in environ:
        core.set_config_variable("config_file", environ["AWS_CONFIG_FILE"])
    named = {
        "aws_access_key_id": environ.get("AWS_ACCESS_KEY_ID"),
        "aws_secret_access_key": environ.get("AWS_SECRET_ACCESS_KEY"),
        "aws_session_token": environ.get("AWS_SESSION_TOKEN"),
    }
    return Session(botocore_session=core, region_name=region, **{name: value for name, value in named.items() if value})
