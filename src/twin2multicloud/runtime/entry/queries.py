"""Queries of dashboards: `POST /query/{edge}` with the bearer token that the secret `read-key` holds.

Links between places are signed request by request; a dashboard's data source can only show a token. It reads, and
nothing else: no query changes anything.
"""

from __future__ import annotations

import hmac
import math
from typing import Final

import msgspec

from twin2multicloud.runtime.entry.roles import Roles
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, RejectedError, StoreError
from twin2multicloud.runtime.handlers.receive import Response, decoded

READ_KEY: Final = "read-key"
MOST_BYTES: Final = 64 * 1024
"""The largest query."""
_SCHEME: Final = "Bearer "


def answer_query(roles: Roles, edge: str, authorization: str, body: bytes) -> Response:
    """The answer to a query; `authorization` is the header of that name. Whoever shows no valid token learns nothing.

    Without the secret, or with an empty one, nobody may ask. A store that can not answer is reported, and 503.
    """
    try:
        key = roles.ports.secrets.get(READ_KEY)
        if not key or not hmac.compare_digest(f"{_SCHEME}{key}".encode(), authorization.encode()):
            return _error(401, f"send the key of readers: Authorization: {_SCHEME}<key>")
        if edge not in roles.function.receives:
            return _error(404, "POST to /query/{edge}")
        if len(body) > MOST_BYTES:
            return _error(413, f"the query is larger than {MOST_BYTES} bytes")
        query = decoded(lambda: msgspec.json.decode(body))
        if not isinstance(query, dict):
            return _error(422, "a query is a JSON object")
        return Response(200, roles.query(edge)(query), {})
    except KeyError:
        return _error(401, f"there is no secret {READ_KEY}, so nobody reads without a signature")
    except RejectedError as error:
        return _error(422, str(error))
    except StoreError as error:
        kind = ErrorKind.QUOTA if error.quota else ErrorKind.READ_FAILED
        component = roles.function.component
        roles.ports.reporter.report(
            [ErrorReport(layer="L5", severity="error", kind=kind, message=str(error), component=component)]
        )
        wait = {} if error.retry_after_s is None else {"retry-after": str(math.ceil(error.retry_after_s))}
        return Response(503, {"error": str(error)}, wait)


def _error(status: int, message: str) -> Response:
    return Response(status, {"error": message}, {})
