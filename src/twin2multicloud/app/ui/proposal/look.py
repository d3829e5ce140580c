"""How somebody looks at a proposal: what is selected, what is considered, and which part of it. All of it is in the
address.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from twin2multicloud.app.ui import places
from twin2multicloud.model.slots import SLOTS

Tab = Literal["bill", "ranking", "what-if", "break-even", "uncertainty", "frontier", "prices", "proof"]
_LONGEST: Final = 120
_LONGEST_LIST: Final = 1_000
_SLOTS: Final = frozenset(slot.value for slot in SLOTS)


@dataclass(frozen=True)
class Look:
    """`slot` is selected. Considered is one of: `offer` (offer@region) for that slot, the placement of `rank`, the twin
    without the override of `drop`, `proposal`, or a whole placement `at` (see `places_of`); with `anew` slots that
    nobody decided about follow. `cloud` and `of` filter the bill's lines, `fields` and `factors` are what is asked of
    "what if", `vary` and `samples` how uncertain which numbers are, `along` and `between` which number's break-even
    points are sought in which range, `against` is what cost is set against, `run` is a refresh of prices.
    """

    twin: str
    tab: Tab = "bill"
    slot: str = ""
    offer: str = ""
    anew: bool = False
    rank: int = 0
    drop: str = ""
    proposal: str = ""
    at: str = ""
    cloud: str = ""
    of: str = ""
    fields: str = ""
    factors: str = ""
    vary: str = ""
    samples: str = ""
    along: str = ""
    between: str = ""
    against: str = ""
    run: str = ""

    @classmethod
    def read(cls, twin: str, query: dict[str, str]) -> Look:
        """From an address; what makes no sense is left out."""
        tab, rank = query.get("tab", ""), query.get("rank", "")
        slot = _one_of(query.get("slot", ""))
        return cls(
            twin=twin,
            tab=tab if tab in get_args(Tab) else "bill",  # type: ignore[arg-type]  # one of them
            slot=slot,
            offer=query.get("offer", "")[:_LONGEST] if slot else "",
            anew=query.get("anew") == "yes",
            rank=int(rank) if rank.isascii() and rank.isdigit() and len(rank) < 3 else 0,
            drop=_one_of(query.get("drop", "")),
            proposal=query.get("proposal", "")[:_LONGEST],
            at=at if (at := query.get("at", "")[:_LONGEST_LIST]) and places_of(at) else "",
            cloud=query.get("cloud", "") if query.get("cloud") in ("aws", "azure", "gcp") else "",
            of=query.get("of", "")[:_LONGEST],
            fields=query.get("fields", "")[:_LONGEST],
            factors=query.get("factors", "")[:_LONGEST],
            vary=query.get("vary", "")[:_LONGEST_LIST],
            samples=query.get("samples", "")[:_LONGEST],
            along=query.get("along", "")[:_LONGEST],
            between=query.get("between", "")[:_LONGEST],
            against="latency" if query.get("against") == "latency" else "",
            run=query.get("run", "")[:_LONGEST],
        )

    @property
    def path(self) -> str:
        """Its address."""
        return places.asked(
            places.proposal(self.twin),
            tab="" if self.tab == "bill" else self.tab,
            slot=self.slot,
            offer=self.offer,
            anew="yes" if self.anew else "",
            rank=str(self.rank or ""),
            drop=self.drop,
            proposal=self.proposal,
            at=self.at,
            cloud=self.cloud,
            of=self.of,
            fields=self.fields,
            factors=self.factors,
            vary=self.vary,
            samples=self.samples,
            along=self.along,
            between=self.between,
            against=self.against,
            run=self.run,
        )

    def showing(self, tab: Tab) -> Look:
        """Another part of it."""
        return replace(self, tab=tab)

    def filtered(self, *, cloud: str | None = None, of: str | None = None) -> Look:
        """The bill's lines filtered otherwise."""
        return replace(self, cloud=self.cloud if cloud is None else cloud, of=self.of if of is None else of)

    def selecting(self, slot: str) -> Look:
        """With a slot selected; pressed again it is not any more."""
        kept = self.plain
        return replace(kept, slot="" if slot == self.slot and not self.considers else slot)

    def trying(self, slot: str, offer: str, *, anew: bool = False) -> Look:
        """Considering an offer (offer@region) for a slot."""
        return replace(self.plain, slot=slot, offer=offer, anew=anew)

    def ranked(self, rank: int) -> Look:
        """Considering the placement at a rank, 1 being the cheapest."""
        return replace(self.plain, slot="", rank=rank)

    def dropping(self, slot: str) -> Look:
        """Considering the twin without an override."""
        return replace(self.plain, slot="", drop=slot)

    def of_proposal(self, proposal: str) -> Look:
        """Considering a proposal that is kept."""
        return replace(self.plain, slot="", proposal=proposal)

    def of_placement(self, at: str) -> Look:
        """Considering a whole placement."""
        return replace(self.plain, slot="", at=at)

    def varying(self, vary: str, samples: str) -> Look:
        """With numbers of the workload that are uncertain."""
        return replace(self, tab="uncertainty", vary=vary, samples=samples)

    def seeking(self, along: str, between: str) -> Look:
        """Seeking break-even points along a number."""
        return replace(self, tab="break-even", along=along, between=between)

    def asking(self, fields: str, factors: str) -> Look:
        """Another question of "what if"."""
        return replace(self, fields=fields, factors=factors)

    def setting_against(self, against: str) -> Look:
        """Cost against another criterion."""
        return replace(self, against="latency" if against == "latency" else "")

    def refreshing(self, run: str) -> Look:
        """Following a refresh of prices."""
        return replace(self, tab="prices", run=run)

    @property
    def plain(self) -> Look:
        """Considering nothing."""
        return replace(self, offer="", anew=False, rank=0, drop="", proposal="", at="")

    @property
    def considers(self) -> bool:
        """Whether anything else than what is placed is looked at."""
        return bool(self.offer or self.rank or self.drop or self.proposal or self.at)


def _one_of(slot: str) -> str:
    return slot if slot in _SLOTS else ""


def places_of(at: str) -> dict[str, tuple[str, str]] | None:
    """Slot → offer and region of a placement as an address names it: offer@region of all slots in their order, with
    commas between them. None if it is none.
    """
    parts = [tuple(part.split("@")) for part in at.split(",")]
    if len(parts) != len(SLOTS) or any(len(part) != 2 or not all(part) for part in parts):
        return None
    return {slot.value: (offer, region) for slot, (offer, region) in zip(SLOTS, parts, strict=True)}
