"""What is odd about prices, kept and decided, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.app.backends import Person, Site
from twin2multicloud.app.services import price_findings
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.findings import PriceFinding

JUMP = PriceFinding(
    "jump",
    Provider.AWS,
    "aws.sqs.requests",
    "eu-central-1",
    "dearer",
    ((0, 4e-7),),
    ((0, 0.0), (1e6, 4e-6)),
    rows=("a" * 64,),
    skus=("SKU1",),
)
GONE = PriceFinding("vanished", Provider.AZURE, "azure.iot-hub.s1", "westeurope", "no row matches any more")
UNREAD = PriceFinding("unreachable", Provider.AWS, "", "us-east-1", "answers 500", service="AmazonSNS")
EVERYWHERE = {Provider.AWS: ("eu-central-1", "us-east-1"), Provider.AZURE: ("westeurope",)}


def keep(here: Site, findings: Sequence[PriceFinding], looked_at: dict[Provider, tuple[str, ...]]) -> None:
    here.clock.pass_by(60)
    with here.backend.database.write() as session:
        price_findings.keep(here.backend, session, price_findings.Found(findings, looked_at))


def ids(person: Person, query: str = "") -> list[str]:
    return [each["id"] for each in person.get(f"prices/findings?{query}")["items"]]


def test_findings_are_kept_whole_and_listed_the_newest_first(here: Site, owner: Person) -> None:
    keep(here, [JUMP], EVERYWHERE)
    keep(here, [JUMP, GONE, UNREAD], EVERYWHERE)
    found = {each["id"]: each for each in owner.get("prices/findings")["items"]}
    assert found.keys() == {JUMP.id, GONE.id, UNREAD.id}
    jump = found[JUMP.id]
    assert jump["before"] == [[0.0, 4e-7]]
    assert jump["after"] == [[0.0, 0.0], [1e6, 4e-6]]
    assert (jump["rows"], jump["skus"]) == (["a" * 64], ["SKU1"])
    assert jump["first_seen_at"] < jump["last_seen_at"]
    assert {each["id"]: each["decidable"] for each in found.values()} == {
        JUMP.id: True,
        GONE.id: True,
        UNREAD.id: False,
    }
    assert ids(owner, "kind=vanished&kind=jump&provider=azure") == [GONE.id]
    assert ids(owner, "meter=sqs") == [JUMP.id]
    assert len(ids(owner, "limit=1")) == 1


def test_only_where_a_refresh_looked_is_anything_over(here: Site, owner: Person) -> None:
    keep(here, [JUMP, GONE, UNREAD], EVERYWHERE)
    keep(here, [], {Provider.AWS: ("us-east-1",)})
    assert set(ids(owner)) == {JUMP.id, GONE.id}
    keep(here, [], EVERYWHERE)
    assert ids(owner) == []
    assert set(ids(owner, "gone=true")) == {JUMP.id, GONE.id, UNREAD.id}


def test_a_decision_outlasts_what_is_seen(here: Site, owner: Person) -> None:
    admin = here.person("ada", admin=True)
    keep(here, [JUMP], EVERYWHERE)
    decided = admin.post(f"prices/findings/{JUMP.id}", {"decision": "accept", "note": "announced"})
    assert decided["decided_by"] == admin.user_id
    keep(here, [], EVERYWHERE)
    keep(here, [JUMP], EVERYWHERE)
    [again] = owner.get("prices/findings?decided=true")["items"]
    assert (again["decision"], again["note"], again["current"]) == ("accept", "announced", True)
    with here.backend.database.read() as session:
        assert price_findings.accepted(session) == {JUMP.id}
    admin.post(f"prices/findings/{JUMP.id}", {"decision": "reject"})
    with here.backend.database.read() as session:
        assert price_findings.accepted(session) == frozenset()


def test_refreshes_that_end_together_keep_what_both_found(here: Site, owner: Person) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: keep(here, [JUMP, GONE], EVERYWHERE), range(4)))
    assert set(ids(owner)) == {JUMP.id, GONE.id}
