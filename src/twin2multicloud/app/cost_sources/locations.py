"""Where an export is, as a person writes it, and its lines with somebody's credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from twin2multicloud.app.cost_sources.exports import Begin, exported, nobody
from twin2multicloud.costing.lines import BadLine, CostLine
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

FORMS: Final[Mapping[Provider, tuple[re.Pattern[str], str]]] = {
    Provider.AWS: (re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/?(.*)"), "s3://bucket/prefix"),
    Provider.AZURE: (
        re.compile(r"(https://[a-z0-9]{3,24}\.blob\.core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net))/([a-z0-9-]{3,63})/?(.*)"),
        "https://account.blob.core.windows.net/container/prefix",
    ),
    Provider.GCP: (re.compile(r"([\w.-]+)"), "project.dataset.table"),
}  # fmt: skip


def check(provider: Provider, location: str) -> None:
    """`UsageError` for what is no place of a cloud's exports."""
    form, example = FORMS[provider]
    if form.fullmatch(location) is None:
        raise UsageError(f"location: {location[:100]!r} is no place of exports of {provider.label}; write {example}")


def lines_from(
    provider: Provider, location: str, period: str, environ: Mapping[str, str], begin: Begin = nobody
) -> Iterator[CostLine | BadLine]:
    """The lines of a month's newest export, with the credentials that the environment describes.

    Raises `UsageError` where there is none, or what speaks to the cloud is not installed; `SourceError` where the cloud
    refuses.
    """
    check(provider, location)
    found = FORMS[provider][0].fullmatch(location)
    assert found is not None
    try:
        if provider is Provider.AWS:
            from twin2multicloud.app.cost_sources.aws import S3Files

            yield from exported(S3Files(found[1], environ), found[2], period, begin)
        elif provider is Provider.AZURE:
            from twin2multicloud.app.cost_sources.azure import BlobFiles
            from twin2multicloud.deployer.credentials.azure_sign_in import azure_credential

            files = BlobFiles(found[1], found[2], azure_credential(environ))
            try:
                yield from exported(files, found[3], period, begin)
            finally:
                files.close()
        else:
            from twin2multicloud.app.cost_sources.gcp import billing_export, google_of
            from twin2multicloud.deployer.credentials.gcp_sign_in import google_credentials

            yield from billing_export(google_of(google_credentials(environ)), location, period, begin=begin)
    except ImportError as error:
        raise not_installed(provider, error) from error


def not_installed(provider: Provider, error: ImportError) -> UsageError:
    """That what speaks to a cloud is missing here."""
    return UsageError(
        f"what speaks to {provider.label} is not installed here ({error.name} is missing), so no bill can be "
        f"fetched there; pip install 'twin2multicloud[{provider.value}]'"
    )
