"""What waits and what is kept: dead letters, reports of errors, logs, secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.finishing.secrets import needed_secrets
from twin2multicloud.deployer.proof.findings import Finding, Rule, Where
from twin2multicloud.deployer.proof.site import Seen
from twin2multicloud.deployer.stacks import foundation_name
from twin2multicloud.runtime.links import LINKS_SECRET

OWN_ATTEMPTS: Final = 5
"""After so many deliveries our own code sets a message aside (docs/adapters-*.md); a queue must wait longer."""
_ERRORS: Final = "topics.errors"


def dead_letters(seen: Seen) -> Iterator[Finding]:
    """Every queue has an end for what never succeeds."""
    for queue in seen.view.queues:
        if queue.dead_letter is None:
            what = f"{queue.name} has no end for messages that never succeed"
            yield Finding(queue.where, Rule.DEAD_LETTERS, what, "give it a dead-letter queue that exists")
        elif queue.lacks:
            what = f"its messages cannot reach their dead-letter queue: {queue.lacks}"
            yield Finding(queue.where, Rule.DEAD_LETTERS, what, "grant that")
        if queue.after is not None and queue.after <= OWN_ATTEMPTS:
            what = f"it gives up after {queue.after:g} deliveries, before the function sets a message aside"
            yield Finding(queue.where, Rule.DEAD_LETTERS, what, f"let it try more than {OWN_ATTEMPTS} times")


def errors(seen: Seen) -> Iterator[Finding]:
    """What functions report waits in a queue from which it is pulled."""
    foundation = Where(foundation_name(seen.site))
    for topic in sorted(seen.named(seen.view.functions, _ERRORS)):
        pulls = [pull for pull in seen.view.pulls if pull.topic == topic]
        if not any(pull.queue is not None for pull in pulls):
            what = f"nothing keeps what is reported on {topic.address}, so that nobody learns of it"
            yield Finding(foundation, Rule.ERRORS, what, "subscribe a queue to it")
        for pull in pulls:
            if pull.lacks:
                yield Finding(pull.where, Rule.ERRORS, f"it may not {pull.lacks}", "grant it that")


def logs(seen: Seen) -> Iterator[Finding]:
    """Every function's log exists and ends."""
    wanted = seen.deployment.settings.log_retention_days
    logged = {log.function for log in seen.view.logs}
    for function in seen.view.functions:
        if function.where not in logged:
            what = "its log is none of this deployment's, so that nothing ends it"
            yield Finding(function.where, Rule.LOGS, what, "give it a log with a retention")
    for log in seen.view.logs:
        if log.days != wanted:
            kept = "for ever" if log.days is None else f"for {log.days:g} days"
            what = f"it keeps logs {kept}; {wanted} days were planned"
            yield Finding(log.where, Rule.LOGS, what, "set its retention")


def secrets(seen: Seen) -> Iterator[Finding]:
    """The secrets that a site's functions read exist; their values are written by a later step."""
    needed = {secret.name for secret in needed_secrets(seen.deployment) if secret.site == seen.site}
    if any("secret:links" in planned.plan.grants for planned in seen.planned):
        needed.add(LINKS_SECRET)
    for name in sorted(name for name in needed if seen.view.stored_as(name) not in seen.view.secrets):
        what = f"there is no secret {name}, which functions read"
        yield Finding(Where(foundation_name(seen.site)), Rule.SECRETS, what, "deploy the foundation again")
