"""Local servers that speak what the clouds' stores of exports do: FakeS3, FakeBlobs and FakeBigQuery."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclass
class Fake:
    """A server: what it holds, what it was asked, and how often it says that it is asked too often first."""

    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Name → (when it was written, as the store tells times; content)."""
    pages: list[dict[str, Any]] = field(default_factory=list)
    refusals: int = 0
    asked: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    waits: dict[str, str] = field(default_factory=dict)
    """Headers of refusals that say how long to wait."""
    cut_off: int = 0
    """How many answers end before they are whole."""
    url: str = ""

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, headers: Any
    ) -> tuple[int, bytes, str]:
        raise NotImplementedError


class FakeS3(Fake):
    """ListObjectsV2, a file a page, and GetObject of a path-style bucket `bills`."""

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, headers: Any
    ) -> tuple[int, bytes, str]:
        if self.refusals:
            self.refusals -= 1
            return 503, b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>", "text/xml"
        if not path.startswith("/bills"):
            return 404, b"<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>", "text/xml"
        name = unquote(path.removeprefix("/bills").strip("/"))
        if name:
            return 200, b"" if method == "HEAD" else self.files[name][1], "application/octet-stream"
        names = sorted(each for each in self.files if each.startswith(query.get("prefix", "")))
        start = int(query.get("continuation-token", "0"))
        more = start + 1 < len(names)
        shown = "".join(
            f"<Contents><Key>{escape(each)}</Key><LastModified>{self.files[each][0]}</LastModified>"
            f"<Size>{len(self.files[each][1])}</Size></Contents>"
            for each in names[start : start + 1]
        )
        token = f"<NextContinuationToken>{start + 1}</NextContinuationToken>" if more else ""
        text = (
            f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bills</Name>'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{shown}</ListBucketResult>"
        )
        return 200, text.encode(), "text/xml"


class FakeBlobs(Fake):
    """List Blobs, a blob a page, and Get Blob of a container `costs`."""

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, headers: Any
    ) -> tuple[int, bytes, str]:
        if self.refusals:
            self.refusals -= 1
            return 503, b"<Error><Code>ServerBusy</Code><Message>busy</Message></Error>", "text/xml"
        name = unquote(path.removeprefix("/costs").strip("/"))
        if name:
            return 200, self.files[name][1], "application/octet-stream"
        names = sorted(each for each in self.files if each.startswith(query.get("prefix", "")))
        start = int(query.get("marker") or 0)
        marker = str(start + 1) if start + 1 < len(names) else ""
        shown = "".join(
            f"<Blob><Name>{escape(each)}</Name><Properties><Last-Modified>{self.files[each][0]}</Last-Modified>"
            f"<Content-Length>{len(self.files[each][1])}</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>"
            for each in names[start : start + 1]
        )
        text = (
            f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="costs"><Blobs>{shown}</Blobs>'
            f"<NextMarker>{marker}</NextMarker></EnumerationResults>"
        )
        return 200, text.encode(), "application/xml"


class FakeBigQuery(Fake):
    """`jobs.query`, which is not done at once, and `jobs.getQueryResults` page by page."""

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, headers: Any
    ) -> tuple[int, bytes, str]:
        if self.refusals:
            self.refusals -= 1
            told = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "too many"}}
            return 429, json.dumps(told).encode(), "application/json"
        job = {"jobReference": {"projectId": "greenhouse-1", "jobId": "job 1", "location": "EU"}}
        if method == "POST":
            self.bodies.append(json.loads(body))
            return 200, json.dumps({**job, "jobComplete": False}).encode(), "application/json"
        number = int(query.get("pageToken", "0"))
        page = {**job, "jobComplete": True, **self.pages[number]}
        if number + 1 < len(self.pages):
            page["pageToken"] = str(number + 1)
        return 200, json.dumps(page).encode(), "application/json"


@contextmanager
def serving(fake: Fake) -> Iterator[Fake]:
    """Serve a fake on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            fake.asked.append(f"{self.command} {parts.path}")
            status, content, kind = fake.answer(self.command, parts.path, query, body, self.headers)
            ranged = "x-ms-range" in self.headers and status == 200  # files here are smaller than a range
            self.send_response(206 if ranged else status)
            if ranged:
                self.send_header("Content-Range", f"bytes 0-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Type", kind)
            length = len(fake.files.get(unquote(parts.path).split("/", 2)[-1], ("", content))[1])
            self.send_header("Content-Length", str(length if self.command == "HEAD" else len(content)))
            self.send_header("Last-Modified", "Thu, 03 Dec 2026 08:00:00 GMT")
            self.send_header("ETag", '"1"')
            for name, value in fake.waits.items() if status == 429 else ():
                self.send_header(name, value)
            self.end_headers()
            if fake.cut_off:
                fake.cut_off -= 1
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
            elif self.command != "HEAD":
                self.wfile.write(content)

        def do_GET(self) -> None:
            self._answer()

        do_POST = do_HEAD = do_GET  # noqa: N815  the library's names

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
