"""Exports in S3 (AWS Data Exports, FOCUS with columns)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Any, Final

from boto3.session import Session  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from twin2multicloud.app.cost_sources.exports import SourceError, StoredFile
from twin2multicloud.deployer.credentials.findings import gist

_CONFIG: Final = {"retries": {"mode": "standard", "total_max_attempts": 5}, "connect_timeout": 10, "read_timeout": 60}


class S3Files:
    """A bucket as whoever the environment describes may read it. `endpoint` is for stand-ins."""

    def __init__(self, bucket: str, environ: Mapping[str, str], endpoint: str | None = None) -> None:
        named = {
            "aws_access_key_id": environ.get("AWS_ACCESS_KEY_ID"),
            "aws_secret_access_key": environ.get("AWS_SECRET_ACCESS_KEY"),
            "aws_session_token": environ.get("AWS_SESSION_TOKEN"),
            "profile_name": environ.get("AWS_PROFILE"),
            "region_name": environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION"),
        }
        addressing = {"s3": {"addressing_style": "path"}} if endpoint else {}
        session = Session(**{name: value for name, value in named.items() if value})
        self._bucket = bucket
        self._client: Any = session.client("s3", endpoint_url=endpoint, config=Config(**_CONFIG, **addressing))

    def files(self, prefix: str) -> Iterable[StoredFile]:
        """As `FileStore.files`; `SourceError` where S3 refuses."""
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            for page in pages:
                for each in page.get("Contents", ()):
                    yield StoredFile(each["Key"], each["LastModified"], int(each["Size"]))
        except (BotoCoreError, ClientError) as error:
            raise SourceError(f"the bucket {self._bucket} cannot be read: {gist(error)}") from error

    def fetch(self, name: str, into: IO[bytes]) -> None:
        """As `FileStore.fetch`; `SourceError` where S3 refuses."""
        try:
            self._client.download_fileobj(self._bucket, name, into)
        except (BotoCoreError, ClientError) as error:
            raise SourceError(f"{name} cannot be read: {gist(error)}") from error
