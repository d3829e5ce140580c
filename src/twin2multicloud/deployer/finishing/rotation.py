"""New keys for every link while telemetry flows.

Three writes of the documents with `SETTLE_S` between them, so that at every moment a sender signs with a key that its
receiver accepts, whatever either has cached. Nothing is journalled: the documents say how far a rotation came, and
one that was interrupted is begun again from the start, with one more key being accepted for a while.
"""

from __future__ import annotations

import secrets as tokens
import time
from collections.abc import Callable
from typing import Final

from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.finishing.places import Outputs
from twin2multicloud.deployer.finishing.progress import ROTATION, Report, StepError, StepProgress
from twin2multicloud.deployer.finishing.wiring import (
    SETTLE_S,
    SecretsOf,
    read_documents,
    sites_with_secrets,
    write_documents,
)
from twin2multicloud.runtime.wiring import Token, with_new_keys

STEPS: Final = ("receivers accept the new keys", "senders sign with them", "the old keys are gone")


def rotate_keys(
    deployment: Deployment,
    outputs: Outputs,
    secrets_of: SecretsOf,
    report: Report,
    *,
    now: float,
    at_once: bool = False,
    settle_s: float = SETTLE_S,
    sleep: Callable[[float], None] = time.sleep,
    token: Token = tokens.token_bytes,
) -> int:
    """Replace the key of every link; how many. It takes twice `settle_s`.

    `at_once` is for a key that somebody has got hold of: the old keys are refused as soon as receivers read their
    documents again. Senders that have not done so are refused meanwhile and try again later; what gives up trying
    waits in its queue, so nothing is lost, but telemetry between clouds stands still for up to `settle_s`.
    """
    documents = read_documents(sites_with_secrets(deployment, outputs), secrets_of)
    if not any(document.into for document in documents.values()):
        raise StepError(ROTATION, "there are no links yet; deploy the twin first")
    names = {str(site): site for site in documents}
    steps = with_new_keys({str(site): document for site, document in documents.items()}, now, token)
    chosen = list(zip(STEPS, steps, strict=True))
    if at_once:
        chosen = chosen[-1:]
    for number, (text, step) in enumerate(chosen, start=1):
        if number > 1:
            sleep(settle_s)
        wanted = {names[name]: document for name, document in step.items()}
        write_documents(wanted, documents, secrets_of, report)
        documents = wanted
        report(StepProgress(ROTATION, text, number, len(chosen)))
    return sum(len(document.into) for document in documents.values())
