"""What the three clouds allow in names, all of it at once, so that a twin can move to any of them.

A function per kind of name says what is wrong with one, which cloud forbids it, and what to write; None if nothing is.
"""

from __future__ import annotations

import re
from typing import Final

from twin2multicloud.model.expressions import RESERVED
from twin2multicloud.model.names import shown

_TWIN: Final = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
_ITEM: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
_TYPE: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
_CONTENT: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?")
_RULE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SECRET: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,126}")

TIME_FIELDS: Final = ("time", "timestamp", "ts")
"""Keys of a message that hold its time."""

_LONGEST_TWIN: Final = 24
_LONGEST: Final = 64
_AZURE_PARTS: Final = ("microsoft", "windows")
_AZURE_BEGINNINGS: Final = ("login", "xbox")
_AWS_BEGINNINGS: Final = ("sthree-", "amzn-s3-demo-")


def twin_name_problem(name: str) -> str | None:
    """Why buckets, key vaults, service accounts and topics cannot be named after a twin."""
    if len(name) > _LONGEST_TWIN:
        return (
            f"{shown(name)} has {len(name)} characters; Azure key vaults end at {_LONGEST_TWIN} and Google service "
            f"accounts at 30: shorten it to {_LONGEST_TWIN}"
        )
    if len(name) < 3:
        return f"{shown(name)} is too short; S3 and Google buckets have at least 3 characters"
    if not _TWIN.fullmatch(name):
        return (
            f"{shown(name)} is not allowed; S3 buckets, Azure key vaults and Google service accounts take lowercase "
            "letters, digits and '-', begin with a letter and do not end with '-'"
        )
    if "--" in name:
        return f"{shown(name)} has '--', which Azure key vaults forbid; write one '-'"
    if name.startswith("goog") or "google" in name:
        return f"{shown(name)} is not allowed; Google buckets and topics do not begin with goog or contain google"
    reserved = next((word for word in _AZURE_PARTS if word in name), None) or next(
        (word for word in _AZURE_BEGINNINGS if name.startswith(word)), None
    )
    if reserved:
        return f"{shown(name)} is not allowed; Azure reserves the word {reserved} in names of resources"
    if name.startswith(_AWS_BEGINNINGS):
        return f"{shown(name)} is not allowed; S3 reserves this beginning of names"
    return None


def item_name_problem(name: str) -> str | None:
    """Why a device or entity cannot have a name in AWS IoT, TwinMaker, IoT Hub, Digital Twins or Firestore."""
    if len(name) > _LONGEST:
        return (
            f"{shown(name)} has {len(name)} characters; IoT Hub takes a device's name from its certificate's common "
            f"name, which ends at {_LONGEST}: shorten it"
        )
    if _ITEM.fullmatch(name):
        return None if len(name) > 1 else f"{shown(name)} is too short; TwinMaker's ids have at least 2 characters"
    for character in name:
        if not (character.isascii() and character.isalnum()) and character not in "_-":
            return f"{shown(name)} is not allowed: {_forbidden(character)}; use letters, digits, '_' and '-'"
    return f"{shown(name)} is not allowed; TwinMaker's ids begin and end with a letter or digit"


def _forbidden(character: str) -> str:
    if character in "/+#":
        also = ", and in Firestore's ids" if character == "/" else ""
        return f"{shown(character)} has a meaning in MQTT topics{also}"
    if character == ":":
        return "the clouds' HTTP APIs escape ':' differently"
    if character == ".":
        return "AWS IoT forbids '.' in names of things"
    return f"AWS IoT and TwinMaker forbid {shown(character)} in names"


def type_name_problem(name: str) -> str | None:
    """Why a device type or entity model cannot have a name, which becomes a part of its DTMI."""
    if len(name) > _LONGEST:
        return f"{shown(name)} has {len(name)} characters; Azure Digital Twins' model ids leave room for {_LONGEST}"
    if not _TYPE.fullmatch(name):
        return (
            f"{shown(name)} is not allowed; Azure Digital Twins and AWS IoT take letters, digits, '_' and '-' in a "
            "type's name, which begins with a letter and ends with a letter or digit"
        )
    return None


def content_name_problem(name: str) -> str | None:
    """Why a command, property or relationship cannot have a name: those of DTDL and TwinMaker."""
    if len(name) > _LONGEST or not _CONTENT.fullmatch(name):
        return (
            f"{shown(name)} is not allowed; in DTDL (Azure Digital Twins) a name has letters, digits and '_', begins "
            f"with a letter, ends with a letter or digit, and here at most {_LONGEST} characters"
        )
    return None


def field_name_problem(name: str) -> str | None:
    """Why a message's field cannot have a name."""
    if name in TIME_FIELDS:
        return f"{shown(name)} is where a message has its own time; it needs no field: remove or rename it"
    if name in RESERVED:
        return f"{shown(name)} is a word of the rules' language; rename the field"
    return content_name_problem(name)


def rule_name_problem(name: str) -> str | None:
    """Why a rule cannot have a name, which is a key in every store."""
    if _RULE.fullmatch(name):
        return None
    return (
        f"{shown(name)} is not allowed; a rule's name has at most 64 letters, digits, '_' and '-', and begins with "
        "a letter or digit"
    )


def secret_name_problem(name: str) -> str | None:
    """Why a secret cannot have a name in Secrets Manager, Key Vault or Secret Manager."""
    if _SECRET.fullmatch(name):
        return None
    return f"{shown(name)} is not allowed; Azure Key Vault takes letters, digits and '-', beginning with a letter"
