"""What starts functions on Google Cloud, and the topics and subscriptions between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from twin2multicloud.deployer.functions import FunctionPlan, Starts
from twin2multicloud.deployer.proof.findings import Where
from twin2multicloud.deployer.proof.gcp.functions import invokers, where
from twin2multicloud.deployer.proof.gcp.ids import SUBSCRIPTION, Ids, environment_of, last
from twin2multicloud.deployer.proof.gcp.roles import PUBLISH, SUBSCRIBE, TOKENS, granted
from twin2multicloud.deployer.proof.schedules import runs_per_day
from twin2multicloud.deployer.proof.view import FunctionView, Pull, Queue, Right, Route, Trigger
from twin2multicloud.deployer.proof.world import Resource
from twin2multicloud.runtime.adapters.gcp.build import read_config
from twin2multicloud.runtime.settings import ConfigError

_BY_SOURCE: Final = (Starts.QUEUE, Starts.DEVICES)
_ANY_DEVICE: Final = "principalSet://iam.googleapis.com/"


def triggers(
    ids: Ids, functions: tuple[FunctionView, ...], plans: Mapping[tuple[str, str], FunctionPlan]
) -> Iterator[Trigger]:
    """Push subscriptions, jobs of Cloud Scheduler, and subscriptions that workers pull."""
    views = {function.where: function for function in functions}
    for subscription in ids.world.of(SUBSCRIPTION):
        endpoint = str(subscription.at("push_config", "push_endpoint") or "")
        topic = where(ids.topic(subscription.text("topic")))
        if endpoint:
            run = ids.called(endpoint)
            token = _Token(ids, subscription, "push_config", endpoint)
            function = None if run is None else run.where
            yield Trigger(
                subscription.where, _kind(views, plans, function), endpoint, function, topic, lacks=token.lacks(run)
            )
        else:
            yield from _unpushed(subscription, topic, functions, plans)
    for job in ids.world.of("google_cloud_scheduler_job"):
        endpoint = str(job.at("http_target", "uri") or "")
        run = ids.called(endpoint)
        yield Trigger(
            job.where,
            Starts.SCHEDULE,
            endpoint,
            None if run is None else run.where,
            enabled=not job.flag("paused"),
            lacks=_Token(ids, job, "http_target", endpoint).lacks(run),
            runs_per_day=per_day(job.text("schedule")),
        )
    yield from _pulled(ids, functions)


def _kind(
    views: Mapping[Where, FunctionView], plans: Mapping[tuple[str, str], FunctionPlan], function: Where | None
) -> Starts:
    """A push is what was planned where it may be: a queue's, or what devices send."""
    view = None if function is None else views.get(function)
    plan = None if view is None else plans.get((view.where.stack, view.component))
    return plan.starts if plan is not None and plan.starts in _BY_SOURCE else Starts.QUEUE


def _unpushed(
    subscription: Resource,
    topic: Where | None,
    functions: tuple[FunctionView, ...],
    plans: Mapping[tuple[str, str], FunctionPlan],
) -> Iterator[Trigger]:
    """A subscription that pushes to nobody is one that is off, of the function for which it is named."""
    component = str((subscription.attributes.get("labels") or {}).get("component", ""))
    for function in functions:
        plan = plans.get((function.where.stack, function.component))
        if plan is not None and plan.starts in _BY_SOURCE and component in _sources(plan):
            yield Trigger(subscription.where, plan.starts, component, function.where, topic, enabled=False)


def _sources(plan: FunctionPlan) -> tuple[str, ...]:
    """The components that a function may listen to: its queue, or its subscription on what devices send."""
    return (plan.source or "intake", f"{plan.edge}-outbox", f"{plan.edge}-deliveries")


class _Token:
    """The token that a push or a job shows."""

    def __init__(self, ids: Ids, caller: Resource, block: str, endpoint: str) -> None:
        self._ids = ids
        self._endpoint = endpoint
        self._push = caller.type == SUBSCRIPTION
        self._email = str(caller.at(block, "oidc_token", "service_account_email") or "")
        self._audience = str(caller.at(block, "oidc_token", "audience") or endpoint)

    def lacks(self, run: Resource | None) -> str:
        """Why the function would refuse it, "" if it does not."""
        if run is None:
            return ""
        account = self._ids.account(self._email)
        if account is None:
            return f"call it: it shows no token of an account of ours ({self._email or 'none'})"
        member = f"serviceAccount:{self._email}"
        if member not in invokers(self._ids, run):
            return f"call it: {self._email} is no invoker of {run.text('name')}"
        try:
            config = read_config(environment_of(run))
        except ConfigError:
            return ""
        if config.token_account != self._email:
            return f"call it: the function lets {config.token_account or 'nobody'} in, the token is {self._email}'s"
        if config.token_audience.rstrip("/") != self._audience.rstrip("/"):
            return f"call it: its token is for {self._audience}, the function's audience is {config.token_audience}"
        if self._push and not self._may_sign(account):
            return f"make tokens of {self._email}"
        return ""

    def _may_sign(self, account: Resource) -> bool:
        right = Right(TOKENS, f"account {account.text('email')}")
        return bool(self._ids.agent) and right in granted(self._ids, self._ids.agent)


def _pulled(ids: Ids, functions: tuple[FunctionView, ...]) -> Iterator[Trigger]:
    """What workers pull; they are off without instances."""
    for function in functions:
        for reference in function.references:
            if reference.field == "subscription":
                subscription = ids.subscription(reference.value)
                topic = None if subscription is None else where(ids.topic(subscription.text("topic")))
                run = next(each for each in ids.runs if each.where == function.where)
                on = run.at("scaling", "manual_instance_count") != 0
                yield Trigger(function.where, Starts.ALWAYS, reference.value, function.where, topic, enabled=on)


def per_day(schedule: str) -> float | None:
    """How often a job of ours (every so many minutes or hours) runs in a day; None for another schedule."""
    fields = schedule.split()
    if len(fields) != 5 or fields[2:] != ["*", "*", "*"]:
        return None
    return runs_per_day(fields[0], fields[1])


def routes(ids: Ids) -> Iterator[Route]:
    """Topics on which devices publish themselves: whatever they send."""
    for grant in ids.world.of("google_pubsub_topic_iam_member"):
        if grant.text("member").startswith(_ANY_DEVICE) and grant.text("role") == PUBLISH:
            pool = grant.text("member").partition("workloadIdentityPools/")[2].partition("/")[0]
            known = ids.world.one("google_iam_workload_identity_pool", workload_identity_pool_id=pool)
            lacks = "" if known is not None else f"let devices in: there is no pool {pool}"
            topic = ids.topic(grant.text("topic"))
            for carries in ("telemetry", "results"):
                yield Route(grant.where, carries, where(topic), grant.text("topic"), lacks)


def queues(ids: Ids) -> Iterator[Queue]:
    """Subscriptions, but for the ends of the line: those on topics of dead letters."""
    ends = {last(str(each.at("dead_letter_policy", "dead_letter_topic") or "")) for each in ids.world.of(SUBSCRIPTION)}
    rights = granted(ids, ids.agent) if ids.agent else {}
    for subscription in ids.world.of(SUBSCRIPTION):
        if last(subscription.text("topic")) in ends:
            continue
        name = last(str(subscription.at("dead_letter_policy", "dead_letter_topic") or ""))
        topic = ids.topic(name)
        kept = any(last(each.text("topic")) == name for each in ids.world.of(SUBSCRIPTION))
        lacks = ""
        if Right(PUBLISH, f"topic {name}") not in rights:
            lacks = "Pub/Sub may not publish there"
        elif Right(SUBSCRIBE, f"subscription {subscription.text('name')}") not in rights:
            lacks = "Pub/Sub may not take them from the subscription"
        elif not kept:
            lacks = "nothing is subscribed there, so that they are lost"
        after = subscription.at("dead_letter_policy", "max_delivery_attempts")
        yield Queue(subscription.where, subscription.text("name"), where(topic), after, "" if topic is None else lacks)


def pulls(ids: Ids) -> Iterator[Pull]:
    """Subscriptions that push to nobody: somebody pulls."""
    for subscription in ids.world.of(SUBSCRIPTION):
        if not subscription.at("push_config", "push_endpoint"):
            topic = ids.topic(subscription.text("topic"))
            yield Pull(subscription.where, where(topic), subscription.where)
