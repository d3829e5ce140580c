"""What Google Cloud's entry points are made of: gathering, pushed messages, Google's tokens, what comes again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

from twin2multicloud.runtime.adapters.local.dead_letters import LocalDeadLetters
from twin2multicloud.runtime.entry.gathering import BatchFailedError, Gatherer
from twin2multicloud.runtime.entry.gcp_push import Delivery, TokenCheck, TokenError, pushed
from twin2multicloud.runtime.entry.gcp_work import MOST_ATTEMPTS, Message, Work
from twin2multicloud.runtime.envelope import RawMessage
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, HandlerError, StoreError


class TestGatherer:
    def batches(self, **limits: Any) -> tuple[Gatherer[str], list[list[str]]]:
        seen: list[list[str]] = []

        def handle(items: list[str]) -> None:
            seen.append(items)
            if "bad" in items:
                raise StoreError("no room")

        return Gatherer(handle, **{"most": 4, "most_bytes": 100, "window_s": 0.2, **limits}), seen

    def at_once(self, gatherer: Gatherer[str], *calls: list[str]) -> list[BaseException | None]:
        def call(items: list[str]) -> BaseException | None:
            try:
                gatherer.gather(items, sum(map(len, items)))
            except (StoreError, BatchFailedError) as error:
                return error
            return None

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(call, calls))

    def test_calls_at_the_same_time_share_a_batch(self) -> None:
        gatherer, seen = self.batches(window_s=60.0)
        assert self.at_once(gatherer, ["a"], ["b"], ["c"], ["d"]) == [None] * 4
        assert sorted(seen[0]) == ["a", "b", "c", "d"]
        assert len(seen) == 1

    def test_a_batch_closes_with_its_window(self) -> None:
        gatherer, seen = self.batches()
        gatherer.gather(["a"], 1)
        gatherer.gather(["b"], 1)
        assert seen == [["a"], ["b"]]

    def test_a_batch_holds_no_more_than_it_may(self) -> None:
        gatherer, seen = self.batches(most=3, most_bytes=10)
        calls = [[letter * 4] for letter in "abcdefg"]
        assert self.at_once(gatherer, *calls) == [None] * 7
        assert sorted(item for batch in seen for item in batch) == [letter * 4 for letter in "abcdefg"]
        assert all(len(batch) <= 2 for batch in seen)

    def test_a_call_larger_than_a_batch_is_one(self) -> None:
        gatherer, seen = self.batches()
        gatherer.gather(["x" * 500, "y"], 501)
        gatherer.gather([], 0)
        assert seen == [["x" * 500, "y"]]

    def test_everybody_in_a_failed_batch_is_told_and_one_of_them_why(self) -> None:
        gatherer, _ = self.batches(window_s=60.0)
        found = self.at_once(gatherer, ["a"], ["bad"], ["c"], ["d"])
        assert sorted(type(error).__name__ for error in found) == ["BatchFailedError"] * 3 + ["StoreError"]
        assert self.at_once(gatherer, ["a", "b", "c", "d"]) == [None]


class TestPushed:
    def test_a_push_as_pubsub_sends_it(self) -> None:
        body = {
            "deliveryAttempt": 3,
            "message": {
                "attributes": {"device": "t-1"},
                "data": "eyJhIjogMX0=",
                "messageId": "17",
                "message_id": "17",
                "publishTime": "2026-11-25T12:00:00.5Z",
                "publish_time": "2026-11-25T12:00:00.5Z",
            },
            "subscription": "projects/p/subscriptions/s",
        }
        found = pushed(json.dumps(body).encode())
        assert found == Delivery("17", b'{"a": 1}', {"device": "t-1"}, 1795608000.5, 3)

    def test_a_message_may_be_empty(self) -> None:
        body = b'{"message": {"messageId": "1", "publishTime": "2026-11-25T12:00:00Z"}, "subscription": "s"}'
        assert pushed(body) == Delivery("1", b"", {}, 1795608000.0)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b'{"message": {}}',
            b'{"message": {"messageId": "1", "publishTime": "yesterday"}}',
            b'{"message": {"messageId": "1", "publishTime": "2026-11-25T12:00:00Z", "data": "%%"}}',
        ],
    )
    def test_anything_else_is_a_value_error(self, body: bytes) -> None:
        with pytest.raises(ValueError):
            pushed(body)


@pytest.fixture(scope="module")
def signer() -> tuple[Any, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return crypt.RSASigner.from_string(private, "key-1"), pem  # type: ignore[no-untyped-call]


class TestTokens:
    """Against tokens signed by a certificate of our own in the place of Google's."""

    claims = {  # noqa: RUF012
        "iss": "https://accounts.google.com",
        "aud": "https://process.example",
        "email": "pusher@twin.example",
        "email_verified": True,
    }

    def check(self, pem: str, fetched: list[int] | None = None, monotonic: Callable[[], float] = lambda: 0.0) -> Any:
        def fetch() -> dict[str, str]:
            if fetched is not None:
                fetched.append(1)
            return {"key-1": pem}

        return TokenCheck("https://process.example", "pusher@twin.example", fetch=fetch, monotonic=monotonic)

    def token(self, signer: Any, key: str = "key-1", **changes: Any) -> str:
        now = int(time.time())
        encoded: bytes = jwt.encode(signer, {**self.claims, "iat": now, "exp": now + 600, **changes}, key_id=key)  # type: ignore[no-untyped-call]
        return f"Bearer {encoded.decode()}"

    def test_googles_token_for_us_is_taken(self, signer: tuple[Any, str]) -> None:
        fetched: list[int] = []
        check = self.check(signer[1], fetched)
        for _ in range(3):
            check(self.token(signer[0]))
        assert len(fetched) == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": "https://other.example"},
            {"email": "somebody@twin.example"},
            {"email_verified": False},
            {"iss": "https://issuer.example"},
            {"iat": 1_000_000_000, "exp": 1_000_000_600},
        ],
    )
    def test_other_tokens_are_refused(self, signer: tuple[Any, str], changes: dict[str, Any]) -> None:
        with pytest.raises(TokenError):
            self.check(signer[1])(self.token(signer[0], **changes))

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic abc", "Bearer a.b.c", "Bearer é"])
    def test_what_is_no_token_is_refused(self, signer: tuple[Any, str], header: str) -> None:
        with pytest.raises(TokenError):
            self.check(signer[1])(header)

    def test_a_token_signed_by_others_is_refused(self, signer: tuple[Any, str]) -> None:
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        with pytest.raises(TokenError):
            self.check(signer[1])(self.token(crypt.RSASigner.from_string(other, "key-1")))  # type: ignore[no-untyped-call]

    def test_certificates_are_asked_for_hourly_and_for_new_keys_once_a_minute(self, signer: tuple[Any, str]) -> None:
        fetched: list[int] = []
        now = [0.0]
        check = self.check(signer[1], fetched, lambda: now[0])
        check(self.token(signer[0]))
        now[0] = 3599.0
        check(self.token(signer[0]))
        assert len(fetched) == 1
        now[0] = 3600.0
        check(self.token(signer[0]))
        assert len(fetched) == 2
        for second, fetches in ((3601.0, 2), (3660.0, 3), (3661.0, 3)):
            now[0] = second
            with pytest.raises(TokenError):
                check(self.token(signer[0], "key-2"))
            assert len(fetched) == fetches


class Reports:
    def __init__(self) -> None:
        self.kept: list[ErrorReport] = []

    def report(self, reports: Iterable[ErrorReport]) -> None:
        self.kept.extend(reports)


class TestWork:
    @pytest.fixture
    def letters(self, tmp_path: Any) -> Any:
        letters = LocalDeadLetters(tmp_path / "letters.db")
        yield letters
        letters.close()

    @pytest.fixture
    def reports(self) -> Reports:
        return Reports()

    @pytest.fixture
    def seen(self) -> list[list[bytes]]:
        return []

    @pytest.fixture
    def work(self, letters: LocalDeadLetters, reports: Reports, seen: list[list[bytes]]) -> Work:
        def handle(messages: Sequence[Message]) -> None:
            payloads = [message.payload for message in messages if isinstance(message, RawMessage)]
            seen.append(payloads)
            if b"poison" in payloads:
                raise ZeroDivisionError("a defect")
            if b"later" in payloads:
                report = ErrorReport("L2", "warning", ErrorKind.LINK_TIMEOUT, "a peer is away", "sender")
                raise HandlerError(report, retry_after_s=7.0)
            if b"full" in payloads:
                raise StoreError("the store is full", quota=True)

        return Work(
            handle, topic="intake", component="process", dead_letters=letters, reporter=reports, log=lambda _text: None
        )

    def delivery(self, data: bytes, **more: Any) -> Delivery:
        return Delivery(f"id-{data.decode()}", data, {"device": "t-1"}, 1795608000.0, **more)

    def test_a_batch_that_is_handled_is_done(self, work: Work, seen: list[list[bytes]]) -> None:
        assert work([self.delivery(b"1"), self.delivery(b"2")]).deliveries == []
        assert work([]).deliveries == []
        assert seen == [[b"1", b"2"]]

    def test_a_batch_that_cannot_be_handled_now_comes_again(self, work: Work, reports: Reports) -> None:
        batch = [self.delivery(b"1"), self.delivery(b"later")]
        again = work(batch)
        assert (again.deliveries, again.after_s) == (batch, 7.0)
        assert work([self.delivery(b"full")]).deliveries == [self.delivery(b"full")]
        assert [report.kind for report in reports.kept] == [ErrorKind.LINK_TIMEOUT, ErrorKind.QUOTA]

    def test_poison_holds_nothing_up_and_is_set_aside(
        self, work: Work, letters: LocalDeadLetters, reports: Reports, seen: list[list[bytes]]
    ) -> None:
        poison = self.delivery(b"poison")
        assert work([self.delivery(b"1"), poison, self.delivery(b"2")]).deliveries == [poison]
        assert seen == [[b"1", b"poison", b"2"], [b"1"], [b"poison"], [b"2"]]
        for _ in range(MOST_ATTEMPTS - 2):
            assert work([poison]).deliveries == [poison]
        assert letters.list() == []
        assert work([poison]).deliveries == []
        (letter,) = letters.list()
        assert (letter.topic, letter.device, letter.reason) == ("intake", "t-1", "ZeroDivisionError: a defect")
        assert [report.kind for report in reports.kept] == [ErrorKind.INTERNAL]

    def test_pubsubs_own_count_holds_across_instances(self, work: Work, letters: LocalDeadLetters) -> None:
        assert work([self.delivery(b"poison", attempts=MOST_ATTEMPTS)]).deliveries == []
        assert len(letters.list()) == 1

    def test_what_is_not_ours_is_set_aside_at_once(self, work: Work, letters: LocalDeadLetters) -> None:
        bad = Delivery("1", b"[{", {"content-type": "application/cloudevents+json"}, 1795608000.0)
        assert work([bad, self.delivery(b"1")]).deliveries == []
        (letter,) = letters.list()
        assert letter.body == b"[{"

    def test_what_failed_in_a_gathered_batch_is_tried_alone(self, letters: LocalDeadLetters, reports: Reports) -> None:
        alone: list[bytes] = []

        def handle(messages: Sequence[Message]) -> None:
            alone.extend(message.payload for message in messages if isinstance(message, RawMessage))

        def gather(messages: Sequence[Message]) -> None:
            gatherer.gather(messages, 1)

        def post(messages: list[Message]) -> None:
            raise ZeroDivisionError("a poison message among them")

        gatherer: Gatherer[Message] = Gatherer(post, most=2, most_bytes=100, window_s=30.0)
        work = Work(
            handle,
            topic="persist-outbox",
            component="sender",
            dead_letters=letters,
            reporter=reports,
            log=lambda _text: None,
            gather=gather,
        )
        deliveries = [self.delivery(b"1"), self.delivery(b"2")]
        again: dict[bytes, list[Delivery]] = {}
        threads = [
            threading.Thread(target=lambda d=d: again.update({d.data: work([d]).deliveries})) for d in deliveries
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert again == {b"1": [deliveries[0]], b"2": [deliveries[1]]}
        assert alone == []
        for delivery in deliveries:
            assert work([delivery]).deliveries == []
        assert alone == [b"1", b"2"]


def test_a_worker_listens_while_it_works_and_not_longer() -> None:
    from urllib.error import URLError
    from urllib.request import urlopen

    from twin2multicloud.runtime.entry.gcp_worker import listening

    with listening(0, "127.0.0.1") as port, urlopen(f"http://127.0.0.1:{port}/whatever", timeout=5) as answer:
        assert answer.status == 204
    with pytest.raises(URLError):
        urlopen(f"http://127.0.0.1:{port}/", timeout=5)
