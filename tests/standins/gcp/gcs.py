"""gcp-storage-emulator with three repairs, so that our use of the real service's rules can be tested.

Runs in the emulator's own environment. As released (2026.7.19) it answers OK to a change of storage class but
changes nothing, and it ignores `ifGenerationMatch` and `startOffset`. Here a rewrite takes over the class that is asked
for, an upload that demands that no object be there (`ifGenerationMatch=0`) is answered 412 when there is one, and a
list begins where it is to begin, in order. Other preconditions are still ignored, and a list comes as one page.
"""

from __future__ import annotations

import sys
import threading
from http import HTTPStatus
from typing import Any

from gcp_storage_emulator import server  # type: ignore[import-not-found]
from gcp_storage_emulator.__main__ import main  # type: ignore[import-not-found]
from gcp_storage_emulator.exceptions import NotFound  # type: ignore[import-not-found]
from gcp_storage_emulator.handlers import objects  # type: ignore[import-not-found]

_original_rewrite = objects.rewrite
_original_insert = objects.insert
_original_ls = objects.ls
_lock = threading.Lock()


class _AsAskedFor:
    """The emulator's storage, whose objects have what a rewrite's request says of them."""

    def __init__(self, storage: Any, changes: dict[str, Any]) -> None:
        self._storage = storage
        self._changes = changes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def get_file_obj(self, bucket: str, name: str) -> dict[str, Any]:
        return {**self._storage.get_file_obj(bucket, name), **self._changes}


def _rewrite(request: Any, response: Any, storage: Any, *rest: Any, **more: Any) -> Any:
    kept = ("storageClass", "metadata", "contentType")
    changes = {key: value for key, value in (request.data or {}).items() if key in kept}
    return _original_rewrite(request, response, _AsAskedFor(storage, changes), *rest, **more)


def _name(request: Any) -> str | None:
    if "name" in request.query:
        return str(request.query["name"][0])
    data = request.data
    found = (data.get("meta") or data).get("name") if isinstance(data, dict) else None
    return None if found is None else str(found)


def _insert(request: Any, response: Any, storage: Any, *rest: Any, **more: Any) -> Any:
    if request.query.get("ifGenerationMatch") != ["0"]:
        return _original_insert(request, response, storage, *rest, **more)
    with _lock:  # the check and the write are one step
        try:
            storage.get_file_obj(request.params["bucket_name"], _name(request))
        except NotFound:
            return _original_insert(request, response, storage, *rest, **more)
    response.status = HTTPStatus.PRECONDITION_FAILED
    reason = "At least one of the pre-conditions you specified did not hold."
    response.json({"error": {"code": 412, "message": reason, "errors": [{"reason": "conditionNotMet"}]}})
    return None


class _Listing:
    """A response whose objects are those from `start` on."""

    _response: Any
    _start: str

    def __init__(self, response: Any, start: str) -> None:
        self.__dict__.update(_response=response, _start=start)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._response, name, value)

    def json(self, answer: dict[str, Any]) -> None:
        items = sorted(answer["items"], key=lambda item: item["name"].encode())
        self._response.json({**answer, "items": [item for item in items if item["name"] >= self._start]})


def _ls(request: Any, response: Any, storage: Any, *rest: Any, **more: Any) -> Any:
    start = request.query.get("startOffset", [""])[0]
    return _original_ls(request, _Listing(response, start), storage, *rest, **more)


for _, _methods in server.HANDLERS:
    for _method, _handler in list(_methods.items()):
        if _handler is _original_rewrite:
            _methods[_method] = _rewrite
        elif _handler is _original_insert:
            _methods[_method] = _insert
        elif _handler is _original_ls:
            _methods[_method] = _ls

if __name__ == "__main__":
    sys.exit(main())
