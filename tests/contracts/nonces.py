"""What every store of nonces must do."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import pytest

from tests.contracts.base import Contract, unique
from twin2multicloud.runtime.ports import Nonces


class NoncesContract(Contract):
    """Subclass and supply `open_nonces`. Nonces expire by the real clock, as signatures do."""

    @pytest.fixture
    def open_nonces(self) -> Callable[[], Nonces]:
        """Opens the store under test; each call as a further process would."""
        raise NotImplementedError("the subclass supplies this fixture")

    def test_a_nonce_is_new_once(self, open_nonces: Callable[[], Nonces]) -> None:
        link, nonce, until = unique("link"), uuid.uuid4().hex, time.time() + 600
        nonces = open_nonces()
        assert nonces.first_use(link, nonce, until) is True
        assert nonces.first_use(link, nonce, until) is False
        assert nonces.first_use(link, nonce, until + 600) is False
        assert open_nonces().first_use(link, nonce, until) is False

    def test_links_and_nonces_are_told_apart(self, open_nonces: Callable[[], Nonces]) -> None:
        link, nonce, until = unique("link"), uuid.uuid4().hex, time.time() + 600
        nonces = open_nonces()
        pairs = [(link, nonce), (f"{link}-2", nonce), (link, f"2-{nonce}"), (link, nonce.upper()), (link, nonce[:-1])]
        assert [nonces.first_use(*pair, until) for pair in pairs] == [True] * len(pairs)
        assert [nonces.first_use(*pair, until) for pair in pairs] == [False] * len(pairs)

    def test_one_of_several_racers_is_first(self, open_nonces: Callable[[], Nonces]) -> None:
        link, nonce, until = unique("link"), uuid.uuid4().hex, time.time() + 600
        uses = self.race([lambda: open_nonces().first_use(link, nonce, until) for _ in range(self.racers)])
        assert sorted(uses) == [False] * (self.racers - 1) + [True]

    def test_a_nonce_of_any_spelling(self, open_nonces: Callable[[], Nonces]) -> None:
        link, until = unique("link"), time.time() + 600
        nonces = open_nonces()
        for nonce in ("aZ09-_==", "a/b+c=", "#?.%2F", "x" * 64):
            assert nonces.first_use(link, nonce, until) is True
            assert nonces.first_use(link, nonce, until) is False
