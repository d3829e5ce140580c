"""What every dead-letter store must do."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest

from tests.contracts.base import Contract, at, unique
from twin2multicloud.runtime.ports import DeadLetter, DeadLetters


class DeadLettersContract(Contract):
    """Subclass and supply `open_letters`."""

    largest_bytes: ClassVar[int] = 262_144

    @pytest.fixture
    def open_letters(self) -> Callable[[], DeadLetters]:
        """Opens the store under test; each call as a further process would."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def letters(self, open_letters: Callable[[], DeadLetters]) -> DeadLetters:
        return open_letters()

    def letter(self, id: str, body: bytes = b"{") -> DeadLetter:
        return DeadLetter(id, "intake", "not JSON: “é” \U0001f4a5", body, at(1), "device-1", "trace-1", "ingest")

    @pytest.mark.parametrize(
        "body", [b"", bytes(range(256)), "Größe \U0001f4a5".encode()], ids=["empty", "binary", "text"]
    )
    def test_a_letter_comes_back_exactly(
        self, letters: DeadLetters, open_letters: Callable[[], DeadLetters], body: bytes
    ) -> None:
        letter = self.letter(unique("exact"), body)
        letters.put([letter])
        assert letters.get(letter.id) == letter
        assert open_letters().get(letter.id) == letter

    def test_a_letter_without_device_trace_and_component(self, letters: DeadLetters) -> None:
        letter = DeadLetter(unique("bare"), "intake", "poison", b"x", at(1))
        letters.put([letter])
        assert letters.get(letter.id) == letter

    def test_the_largest_message_fits(self, letters: DeadLetters) -> None:
        letter = self.letter(unique("largest"), b"\xff" * self.largest_bytes)
        letters.put([letter])
        assert letters.get(letter.id) == letter

    def test_a_repeat_does_not_pile_up(self, letters: DeadLetters) -> None:
        prefix = unique("repeat")
        one, two = self.letter(f"{prefix}-1"), self.letter(f"{prefix}-2")
        letters.put([one])
        letters.put([one, two, one])
        self.eventually(lambda: letters.list(after=prefix, limit=2), [one, two])
        following = letters.list(after=two.id, limit=1)
        assert not following or not following[0].id.startswith(prefix)

    def test_letters_are_listed_by_id_in_pages(self, letters: DeadLetters) -> None:
        prefix = unique("page")
        kept = [self.letter(f"{prefix}-{number:04d}", bytes([number])) for number in range(self.many)]
        letters.put(kept[::-1])
        self.eventually(lambda: letters.list(after=prefix, limit=self.many), kept)
        found: list[DeadLetter] = []
        while len(found) < self.many:
            page = letters.list(after=found[-1].id if found else prefix, limit=min(7, self.many - len(found)))
            assert 0 < len(page) <= 7
            found += page
        assert found == kept

    def test_removed_letters_are_gone(self, letters: DeadLetters) -> None:
        prefix = unique("remove")
        kept = [self.letter(f"{prefix}-{number}") for number in range(3)]
        letters.put(kept)
        letters.remove([kept[0].id, kept[2].id, f"{prefix}-never"])
        letters.remove([kept[0].id])
        assert letters.get(kept[0].id) is None
        assert letters.get(kept[1].id) == kept[1]
        self.eventually(lambda: letters.list(after=prefix, limit=1), [kept[1]])

    def test_nothing_is_no_error(self, letters: DeadLetters) -> None:
        letters.put([])
        letters.remove([])
        assert letters.get(unique("absent")) is None
