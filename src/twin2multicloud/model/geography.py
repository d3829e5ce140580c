"""Countries and the country groups a residency constraint may name.

Codes: ISO 3166-1 alpha-2. EU: the 27 member states since 2020-02-01. EEA: the EU with Iceland, Liechtenstein and
Norway.
"""

from __future__ import annotations

from typing import Final

from twin2multicloud.model.names import shown


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


COUNTRIES: Final = _codes(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW
    BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI
    FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN
    IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME
    MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF
    PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE
    YT ZA ZM ZW
    """
)

_EU: Final = _codes("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK")

GROUPS: Final[dict[str, frozenset[str]]] = {"EU": _EU, "EEA": _EU | {"IS", "LI", "NO"}}

_ALIASES: Final = {"UK": "GB", "USA": "US"}


def parse_geography(text: object) -> str:
    """A country code or group (`EU`, `EEA`) in capitals; `ValueError` naming what is allowed otherwise."""
    if isinstance(text, str):
        code = text.strip().upper()
        code = _ALIASES.get(code, code)
        if code in COUNTRIES or code in GROUPS:
            return code
        raise ValueError(
            f"{shown(text)} is not a country or group: write a two-letter country code such as DE or US, "
            f"or one of {', '.join(GROUPS)}"
        )
    # YAML 1.1 readers take NO for false; ours does not, but a JSON writer may have.
    raise ValueError("a country is text, such as 'DE' or 'EU'")


def countries_of(code: str) -> frozenset[str]:
    """The countries that a code of `parse_geography` stands for."""
    return GROUPS.get(code, frozenset({code}))
