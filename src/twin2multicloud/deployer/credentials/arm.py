"""Azure Resource Manager over azure-core's pipeline, for the few requests that need no management SDK."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from azure.core import PipelineClient
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest, HttpResponse

from twin2multicloud.deployer.credentials.findings import gist

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

MANAGEMENT: Final = "https://management.azure.com"
_SCOPE: Final = f"{MANAGEMENT}/.default"
_TIMEOUTS: Final[dict[str, Any]] = {"connection_timeout": 10, "read_timeout": 30}
_MOST_PAGES: Final = 200


class ArmError(Exception):
    """What the Resource Manager said instead of an answer. `status` is None where it could not be asked at all, 401
    where there is no token to ask with; `wait_s` is how long it asks to wait, where it says so.
    """

    def __init__(self, status: int | None, code: str, message: str, wait_s: float | None = None) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.status = status
        self.code = code
        self.wait_s = wait_s


class Arm:
    """Requests with somebody's credential. `verify` is the file of an authority that stand-ins' certificates have."""

    def __init__(
        self, credential: TokenCredential, *, endpoint: str = MANAGEMENT, verify: str = "", attempts: int = 4
    ) -> None:
        options = {**_TIMEOUTS, **({"connection_verify": verify} if verify else {})}
        policies = [
            UserAgentPolicy("twin2multicloud"),
            RetryPolicy(retry_total=attempts - 1, retry_backoff_factor=0.5, retry_backoff_max=10),
            BearerTokenCredentialPolicy(credential, _SCOPE),
        ]
        self._endpoint = endpoint.rstrip("/")
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            self._endpoint, policies=policies, **options
        )

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def get(self, path: str, version: str) -> Any:
        """One resource; `ArmError` says why not."""
        return self._send("GET", f"{self._endpoint}{path}", version)

    def post(self, path: str, version: str, content: Any = None) -> Any:
        """The answer of an action."""
        return self._send("POST", f"{self._endpoint}{path}", version, content)

    def post_again(self, link: str, content: Any) -> Any:
        """The next page of an action's answer, which is asked for by its link with the same content."""
        return self._send("POST", self._checked(link), "", content)

    def put(self, path: str, version: str, content: Any) -> Any:
        """Make or replace a resource."""
        return self._send("PUT", f"{self._endpoint}{path}", version, content)

    def all(self, path: str, version: str) -> Iterator[Any]:
        """The items of a list, over all its pages."""
        page = self.get(path, version)
        for _ in range(_MOST_PAGES):
            yield from page.get("value", ())
            further = page.get("nextLink")
            if not further:
                return
            page = self._send("GET", self._checked(str(further)), "")

    def _checked(self, link: str) -> str:
        # A link that leads elsewhere would be shown the token.
        if not link.startswith(f"{self._endpoint}/"):
            raise ArmError(None, "", f"the next page is at another address than {self._endpoint}")
        return link

    def _send(self, method: str, url: str, version: str, content: Any = None) -> Any:
        params = {"api-version": version} if version else None
        request = HttpRequest(method, url, params=params, json=content)
        try:
            response = self._client.send_request(request)
            response.read()
        except ClientAuthenticationError as error:
            raise ArmError(401, "", gist(error, 300)) from error
        except AzureError as error:
            raise ArmError(None, "", gist(error, 300)) from error
        if response.status_code >= 300:
            raise _said(response)
        try:
            return response.json() if response.content else {}
        except ValueError as error:
            raise ArmError(response.status_code, "", f"the answer of {url.split('?')[0]} is no JSON") from error


def _said(response: HttpResponse) -> ArmError:
    try:
        told = response.json().get("error") or {}
    except (ValueError, AttributeError):
        told = {}
    code, message = str(told.get("code") or ""), str(told.get("message") or f"status {response.status_code}")
    return ArmError(response.status_code, code, message[:500], _wait_s(response))


def _wait_s(response: HttpResponse) -> float | None:
    """The longest of the waits that headers ask for: Cost Management tells one for each of its limits."""
    told = [value for name, value in response.headers.items() if name.lower().endswith("retry-after")]
    waits = [float(value) for value in told if value.strip().isdecimal()]
    return max(waits, default=None)
