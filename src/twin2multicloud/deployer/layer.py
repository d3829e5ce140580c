"""msgspec for Lambda: a layer per processor, made from the wheels on the package index, the same bytes wherever.

Lambda's Python brings boto3 and nothing else; msgspec has compiled parts, which our packages, the same everywhere,
leave out. Which wheel it is and what the layer's hash will be stand here, so that a plan needs neither index nor layer.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import urllib.request
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

from twin2multicloud.deployer.packages import zip_of
from twin2multicloud.model.errors import UsageError

INDEX_VARIABLE: Final = "PIP_INDEX_URL"
"""pip's own setting of the package index, heeded here, too."""
_INDEX: Final = "https://pypi.org/simple"
_TIMEOUT_S: Final = 60
_MOST_BYTES: Final = 16 * 2**20


@dataclass(frozen=True)
class Layer:
    """A layer of one processor: the wheel that it is made from, its hash in hex and that of the layer's zip."""

    architecture: str
    wheel: str
    wheel_sha256: str
    sha256: str

    @property
    def file(self) -> str:
        """Its file's name, beside the packages."""
        return f"aws-msgspec-{self.architecture}.zip"

    @property
    def described(self) -> dict[str, str]:
        """As modules take it: the file relative to a root module, and its hash."""
        return {
            "file": f"packages/{self.file}",
            "sha256": self.sha256,
            "base64sha256": base64.b64encode(bytes.fromhex(self.sha256)).decode(),
        }


LAYERS: Final[Mapping[str, Layer]] = {
    layer.architecture: layer
    for layer in (
        Layer(
            "arm64",
            "msgspec-0.22.0-cp312-cp312-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl",
            "b5a169b5b03f0f2c7a296c002647db1dab75d2cd501bca34e32b71cab0261b56",
            "e826253872fcf6d590ec2c586afcb155994ca344ff1a1ed625e65b025aebcae7",
        ),
        Layer(
            "x86_64",
            "msgspec-0.22.0-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
            "99c401861c5bb3a57f7d6423ea7ed4352cd57aa3f04f4fbe9f3e3e4564a10f08",
            "37027aecc949cc1450ff41571944bfc401d6ec622a79360f53d2733164985455",
        ),
    )
}
"""By Lambda's name of the processor; for Python 3.12."""


class Wheels(Protocol):
    """Where wheels come from."""

    def get(self, name: str) -> bytes:
        """A wheel by its file's name."""


class Index:
    """`Wheels` of a package index (PEP 503). `url` is its address, by default what pip would ask."""

    def __init__(self, url: str = "") -> None:
        self._url = (url or os.environ.get(INDEX_VARIABLE) or _INDEX).rstrip("/")

    def get(self, name: str) -> bytes:
        """As `Wheels.get`; `UsageError` where the index cannot be reached or does not have it."""
        page = f"{self._url}/{_project(name)}/"
        links = _Links()
        links.feed(_fetch(page, "text/html").decode("utf-8", "replace"))
        if name not in links.found:
            raise UsageError(f"the package index at {_shown(page)} has no {name}; set {INDEX_VARIABLE} to one that has")
        return _fetch(urljoin(page, links.found[name]), "*/*")


def write_layers(directory: Path, architectures: Iterable[str], cache: Path, wheels: Wheels | None = None) -> None:
    """Write the layers of these processors into `directory`, from the `cache` where they are there already."""
    source = wheels or Index()
    directory.mkdir(parents=True, exist_ok=True)
    for architecture in architectures:
        layer = LAYERS[architecture]
        kept = cache / f"{layer.sha256}.zip"
        if not kept.is_file() or _digest(kept.read_bytes()) != layer.sha256:
            cache.mkdir(parents=True, exist_ok=True)
            draft = kept.with_suffix(f".{os.getpid()}")
            draft.write_bytes(built(layer, source))
            draft.replace(kept)
        (directory / layer.file).write_bytes(kept.read_bytes())


def built(layer: Layer, wheels: Wheels) -> bytes:
    """A layer's zip: what the wheel installs, below `python/`. `UsageError` for a wheel that is not the one named."""
    wheel = wheels.get(layer.wheel)
    if _digest(wheel) != layer.wheel_sha256:
        raise UsageError(f"{layer.wheel} is not the file that it was when this version was made: its SHA-256 differs")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        content = {f"python/{name}": archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    made = zip_of(content)
    if _digest(made) != layer.sha256:
        raise UsageError(f"the layer made of {layer.wheel} is not the one that was planned: its SHA-256 differs")
    return made


class _Links(HTMLParser):
    """The files that a page of an index links to, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href") if tag == "a" else None
        if target:
            self.found[urlsplit(target).path.rsplit("/", 1)[-1]] = target


def _project(wheel: str) -> str:
    """The project that a wheel's file belongs to, as the index spells it."""
    return re.sub(r"[-_.]+", "-", wheel.split("-")[0]).lower()


def _fetch(url: str, accept: str) -> bytes:
    if urlsplit(url).scheme != "https":
        raise UsageError(f"{_shown(url)}: a package index has an https address")
    request = urllib.request.Request(url, headers={"Accept": accept})  # noqa: S310  https, see above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            content: bytes = answer.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{_shown(url)}: {error}; what functions import comes from the package index once") from error
    if len(content) > _MOST_BYTES:
        raise UsageError(f"{_shown(url)} has over {_MOST_BYTES} bytes")
    return content


def _shown(url: str) -> str:
    """A URL without user name and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
