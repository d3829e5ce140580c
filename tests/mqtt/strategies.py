"""Every packet that can be said, for both protocol versions."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from twin2multicloud.mqtt.fields import SHAPES, SUBSCRIPTION_ID, USER_PROPERTY
from twin2multicloud.mqtt.packets import (
    V5,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Properties,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
topics = st.text(st.characters(exclude_characters="\0+#", exclude_categories=["Cs"]), min_size=1, max_size=40)
levels = st.one_of(st.just("+"), st.text("abc é漢", max_size=5))
filters = st.one_of(
    st.just("#"),
    st.builds(
        lambda parts, tail: "/".join([*parts, *tail]), st.lists(levels, min_size=1), st.sampled_from([[], ["#"]])
    ),
).filter(bool)
ids = st.integers(1, 65_535)
codes = st.integers(0, 255)
binaries = st.binary(max_size=40)

_VALUES = {
    "byte": st.integers(0, 255),
    "two": st.integers(0, 65_535),
    "four": st.integers(0, 2**32 - 1),
    "varint": st.integers(0, 268_435_455),
    "text": texts,
    "binary": binaries,
    "pair": st.tuples(texts, texts),
}
_property: st.SearchStrategy[Any] = st.sampled_from(sorted(SHAPES)).flatmap(
    lambda i: st.tuples(st.just(i), _VALUES[SHAPES[i]])
)


def _unique(found: list[tuple[int, object]]) -> bool:
    once = [identifier for identifier, _ in found if identifier not in (USER_PROPERTY, SUBSCRIPTION_ID)]
    return len(once) == len(set(once))


def packets(version: int) -> st.SearchStrategy[Packet]:
    """Packets that `encode` accepts and `Reader` gives back unchanged."""
    v5 = version == V5
    properties: st.SearchStrategy[Properties] = (
        st.lists(_property, max_size=4).filter(_unique).map(lambda found: tuple(found)) if v5 else st.just(())
    )
    wills = st.builds(Will, topics, binaries, st.integers(0, 1), st.booleans(), properties)
    connects = st.builds(
        Connect,
        texts,
        st.none() | texts,
        st.none() | binaries,
        st.integers(0, 65_535),
        st.booleans(),
        st.none() | wills,
        st.just(version),
        properties,
    ).filter(lambda c: v5 or c.username is not None or c.password is None)
    filter_pairs = st.lists(st.tuples(filters, st.integers(0, 1)), min_size=1, max_size=4).map(tuple)
    many_codes = st.lists(codes, min_size=1, max_size=4).map(tuple)
    return st.one_of(
        connects,
        st.builds(Connack, codes, st.booleans(), properties),
        st.builds(Publish, topics, st.binary(max_size=300), st.just(1), ids, st.booleans(), st.booleans(), properties),
        st.builds(Publish, topics, binaries, st.just(0), st.just(0), st.just(False), st.booleans(), properties),
        st.builds(Puback, ids, codes if v5 else st.just(0), properties),
        st.builds(Subscribe, ids, filter_pairs, properties),
        st.builds(Suback, ids, many_codes, properties),
        st.builds(Unsubscribe, ids, st.lists(filters, min_size=1, max_size=4).map(tuple), properties),
        st.builds(Unsuback, ids, many_codes if v5 else st.just(()), properties),
        st.just(Pingreq()),
        st.just(Pingresp()),
        st.builds(Disconnect, codes if v5 else st.just(0), properties),
    )
