"""What every secret store must do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts.base import Contract, unique
from twin2multicloud.runtime.ports import Secrets


class SecretsContract(Contract):
    """Subclass and supply `open_secrets`. Names are lower-case letters, digits and hyphens."""

    @pytest.fixture
    def open_secrets(self) -> Callable[[], Secrets]:
        """Opens the store under test; each call as a further process would (so with an empty cache)."""
        raise NotImplementedError("the subclass supplies this fixture")

    def test_a_secret_is_read_by_another_process(self, open_secrets: Callable[[], Secrets]) -> None:
        name = unique("secret")
        open_secrets().put(name, "s3cr3t")
        assert open_secrets().get(name) == "s3cr3t"

    def test_a_secret_is_replaced(self, open_secrets: Callable[[], Secrets]) -> None:
        name = unique("secret")
        secrets = open_secrets()
        secrets.put(name, "old")
        assert secrets.get(name) == "old"
        secrets.put(name, "new")
        assert secrets.get(name) == "new"  # who writes knows
        self.eventually(lambda: open_secrets().get(name), "new")
        secrets.put(name, "new")
        assert secrets.get(name) == "new"

    def test_one_that_is_not_there(self, open_secrets: Callable[[], Secrets]) -> None:
        secrets = open_secrets()
        name = unique("absent")
        with pytest.raises(KeyError):
            secrets.get(name)
        secrets.put(name, "now")
        assert secrets.get(name) == "now"

    def test_a_long_value_with_any_text_comes_back_exactly(self, open_secrets: Callable[[], Secrets]) -> None:
        name = unique("document")
        value = '{"links": "Größe \U0001f511 e\u0301 \\" \n"}' * 500  # as long as a links document may get
        open_secrets().put(name, value)
        assert open_secrets().get(name) == value

    def test_a_value_is_shown_nowhere(self, open_secrets: Callable[[], Secrets]) -> None:
        secrets = open_secrets()
        name = unique("hidden")
        secrets.put(name, "do-not-show-me")
        assert secrets.get(name) == "do-not-show-me"
        assert "do-not-show-me" not in repr(secrets) + str(secrets)
        with pytest.raises(KeyError) as caught:
            secrets.get(f"{name}-2")
        assert "do-not-show-me" not in repr(caught.value)
