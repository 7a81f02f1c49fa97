"""Requests to one twin: retried, cancellable, and with credentials for the twin's own origin only."""

from __future__ import annotations

import email.utils
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import requests
import requests.adapters
import requests.auth
import requests.cookies
import urllib3.exceptions

from ..text import tr, trn
from .errors import BadResponse, Rejected, TwinError, Unreachable
from .faults import classify, unreachable
from .progress import Progress, Silent, check
from .replies import Reply, decode_json, error_of, problem_of, says_missing, scrub, without_userinfo

JSON = "application/json"
GEOJSON = "application/geo+json, application/json;q=0.8"
USER_AGENT = "City-Twin-Workbench"

_REDIRECTS = (301, 302, 303, 307, 308)
_RETRIED = (429, 500, 502, 503, 504)
_LONGEST_WAIT = 120.0  # seconds we let a server send us away
_CHUNK = 1 << 22  # every read waits for its turn behind the thread that decodes (5 ms): few and large ones
_SLICE = 0.1  # seconds between two looks at the cancel button while waiting
_CONNECTIONS = 16  # kept open to one host: as many threads may be at work at once, and some to spare

_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int]:
    """(scheme, host, port) of ``url``, the port filled in. Raises ValueError."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(scheme, 0)


class _Http(requests.Session):
    """Redirects are ours to follow: ``requests`` must not even look at where they lead."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class _Cookies(requests.cookies.RequestsCookieJar):
    """Cookies that one thread may read while another is given new ones: a walk is over a copy."""

    def __iter__(self) -> Iterator[Cookie]:
        with self._cookies_lock:  # type: ignore[attr-defined]
            return iter(list(super().__iter__()))


class _NoAuth(requests.auth.AuthBase):
    """Keeps ``requests`` from reading credentials out of a .netrc file or an address."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


# takes an answer's headers and its body in pieces, so that it need not fit into memory; anew when it is sent again
Into = Callable[[Mapping[str, str], Iterator[bytes]], None]


@dataclass(frozen=True)
class _Call:
    """One request as it is sent, redirects included."""

    method: str
    url: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None
    write: bool
    into: Into | None = None

    @property
    def conditional(self) -> bool:
        """Whether 304 is an answer to it."""
        return any(name.lower() in _CONDITIONS for name in self.headers)


class Session:
    """All requests to one twin.

    ``url`` names the twin; its origin (scheme, host and port) is the only one that credentials ever go to. A user part
    in it becomes Basic credentials and is never shown.

    ``adapter`` is any ``requests`` transport adapter, mounted for both schemes; proxies and TLS are then its business.
    It must not follow redirects, and must raise ``requests`` exceptions for whatever fails, a body that ends early
    included, with an attribute ``sent: bool`` on them where it knows whether the request went out. ``auth`` is applied
    to requests to the twin's origin only: an adapter that adds credentials by itself should do so only for requests
    that ``auth`` has marked. ``auth_name`` is what the user calls these credentials.

    Several threads may use one session at once (8 when publishing), if the adapter can take it; ``requests``' own can.
    Nothing below this class sends anything a second time by itself. What a progress is told is told by one thread at a
    time; `Progress.cancelled` may be asked by several.
    """

    def __init__(
        self,
        url: str,
        *,
        adapter: requests.adapters.BaseAdapter | None = None,
        auth: requests.auth.AuthBase | None = None,
        auth_name: str = "",
        progress: Progress | None = None,
        timeout: float = 30.0,
        retries: int = 4,
        user_agent: str = USER_AGENT,
        backoff: float = 0.4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        url = url.strip()
        if "://" not in url:
            url = f"https://{url}"
        try:
            self._origin = origin(url)
            parts = urlsplit(url)
            user, password = parts.username, parts.password
            self.url = without_userinfo(url)
        except ValueError as error:
            raise unreachable(requests.exceptions.InvalidURL(str(error)), url) from error
        if self._origin[0] not in _PORTS or not self._origin[1]:
            raise unreachable(requests.exceptions.InvalidURL(scrub(url)), url)
        if auth is None and user is not None:
            auth = requests.auth.HTTPBasicAuth(unquote(user), unquote(password or ""))
        self.auth_name = auth_name
        self.progress: Progress = progress or Silent()
        self.timeout = timeout
        self.retries = retries
        self._auth = auth
        self._backoff = backoff
        self._sleep = sleep
        self._telling = threading.Lock()
        self._settings: Mapping[str, Any] | None = None  # of the surroundings, for requests to the twin's own origin
        self._home = self._client(adapter, user_agent)
        self._away = self._client(adapter, user_agent)
        # Cookies know no ports: another server on the same host would be sent the twin's.
        self._away.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    @staticmethod
    def _client(adapter: requests.adapters.BaseAdapter | None, user_agent: str) -> requests.Session:
        client = _Http()
        client.cookies = _Cookies()
        client.headers["User-Agent"] = user_agent
        if adapter is not None:
            client.trust_env = False
        else:
            adapter = requests.adapters.HTTPAdapter(pool_maxsize=_CONNECTIONS, max_retries=0)
        client.mount("https://", adapter)
        client.mount("http://", adapter)
        return client

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._home.close()
        self._away.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def is_home(self, url: str) -> bool:
        """Whether ``url`` is of the origin that credentials may go to."""
        try:
            return origin(url) == self._origin
        except ValueError:
            return False

    def resolve(self, base: str, href: str) -> str:
        """A link's absolute address. ``http`` links to the twin's own host, which servers behind a proxy like to write,
        become ``https`` where the user configured that."""
        try:
            url = without_userinfo(urljoin(base, href.strip()))
            scheme, host, port = origin(url)
        except ValueError:
            return base
        if (scheme, self._origin[0]) == ("http", "https") and host == self._origin[1] and port in (80, self._origin[2]):
            netloc = host if self._origin[2] == 443 else f"{host}:{self._origin[2]}"
            url = urlsplit(url)._replace(scheme="https", netloc=f"[{host}]" if ":" in host else netloc).geturl()
        return url

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        accept: str = JSON,
        write: bool = False,
        progress: Progress | None = None,
        timeout: float | None = None,
        retries: int | None = None,
        into: Into | None = None,
    ) -> Reply:
        """Send, and return the answer of status 2xx, or 304 where ``headers`` ask whether something changed; any other
        is raised as a `TwinError`.

        Reads are tried again on broken connections, on 500, 502, 503, 504 and 429; writes (``write=True``) only where
        the server said that it did nothing: 429, and 503 with Retry-After. So is OPTIONS, which many servers fail at
        for good. ``retries`` is for this request alone, where another way of asking is at hand. A write of unclear
        outcome is `Unreachable` with ``sent`` or `ServerFailed`. Raises `Cancelled`: for writes before sending only,
        never in mid-air. ``into`` takes the body of an answer of status 2xx, whose ``content`` is then empty.
        """
        progress = progress or self.progress
        call = _Call(method.upper(), url, params or {}, {**(headers or {}), "Accept": accept}, body, write, into)
        limit = self.retries if retries is None else retries
        attempt = 0
        while True:
            check(progress)
            wait: float | None = None
            try:
                reply, at_home = self._follow(call, progress, timeout or self.timeout)
            except Unreachable as error:
                if write or attempt >= min(self._tries(error), limit):
                    raise
            else:
                if 200 <= reply.status < 300 or (reply.status == 304 and call.conditional):
                    return reply
                wait = retry_after(reply)
                not_processed = reply.status == 429 or (reply.status == 503 and wait is not None)
                again = (
                    not_processed
                    if write or call.method == "OPTIONS"
                    else reply.status in _RETRIED and not says_missing(reply)
                )
                if not again or attempt >= limit:
                    refused = error_of(
                        reply, write=write, auth_name=self.auth_name, at_home=at_home, has_auth=self._auth is not None
                    )
                    refused.problem = problem_of(reply)
                    raise refused
            self._wait(wait, attempt, progress)
            attempt += 1

    def get_json(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        accept: str = JSON,
        headers: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        retries: int | None = None,
    ) -> tuple[dict[str, Any], Reply]:
        """GET a JSON object. Raises `BadResponse` for HTML, text, malformed JSON and JSON that is no object."""
        reply = self.request(
            "GET", url, params=params, accept=accept, headers=headers, progress=progress, retries=retries
        )
        document = decode_json(reply)
        if not isinstance(document, dict):
            raise BadResponse(
                tr("The answer of {url} is not what a twin says there: no JSON object.", url=scrub(reply.url)),
                detail=f"{reply.content_type}: {type(document).__name__}",
                status=reply.status,
            )
        return document, reply

    def _tries(self, error: Unreachable) -> int:
        kind = classify(error.__cause__ or error)[0]
        if kind in ("name", "tls", "proxy", "address"):
            return 0  # waiting does not mend these
        return min(self.retries, 1) if kind == "timeout" else self.retries

    def _wait(self, asked: float | None, attempt: int, progress: Progress) -> None:
        seconds = self._backoff * 2**attempt if asked is None else min(asked, _LONGEST_WAIT)
        if asked is not None and seconds >= 1:
            n = round(seconds)
            with self._telling:
                progress.note(trn("The twin asks us to wait {n} second", "The twin asks us to wait {n} seconds", n))
        while seconds > 0:
            check(progress)
            self._sleep(min(_SLICE, seconds))
            seconds -= _SLICE

    def _follow(self, call: _Call, progress: Progress, timeout: float) -> tuple[Reply, bool]:
        asked = ""
        for _hop in range(10 + 1):
            at_home = self.is_home(call.url)
            reply = self._send(call, progress, timeout, at_home)
            asked = asked or reply.url
            location = reply.headers.get("Location", "").strip()
            if reply.status not in _REDIRECTS or not location:
                return replace(reply, asked=asked), at_home
            call = self._redirected(call, reply, location)
        raise BadResponse(
            tr("{url} sends us from one address to the next without end. Check the address.", url=scrub(call.url)),
            detail="more than 10 redirects",
        )

    def _redirected(self, call: _Call, reply: Reply, location: str) -> _Call:
        try:
            target = without_userinfo(urljoin(reply.url, location))
            scheme, host, _port = origin(target)
        except ValueError as error:
            raise unreachable(requests.exceptions.InvalidURL(str(error)), reply.url) from error
        if scheme not in _PORTS or not host:
            raise unreachable(requests.exceptions.InvalidURL(scrub(target)), target)
        if urlsplit(reply.url).scheme == "https" and scheme == "http":
            raise insecure(reply.url, target)
        if reply.status == 303 or not call.write:
            # What a write answered with 303 was done; its result is read, no longer written.
            headers = {k: v for k, v in call.headers.items() if k.lower() not in _BODY_HEADERS}
            method = "GET" if call.write or call.method != "OPTIONS" else call.method
            return _Call(method, target, {}, headers, None, False, call.into)
        if reply.status in (301, 302) or origin(target) != origin(reply.url):
            raise Rejected(
                tr(
                    "The twin wants the edit sent to {url}, which is not done by itself. Nothing was changed; use that "
                    "address in the connection if you trust it.",
                    url=scrub(target),
                ),
                detail=f"HTTP {reply.status} to a write at {scrub(reply.url)}",
                status=reply.status,
            )
        return _Call(call.method, target, {}, call.headers, call.body, True)

    def _surroundings(self, url: str, at_home: bool) -> Mapping[str, Any]:
        """Proxies and certificates as the environment has them: to look there takes a third of a short request, so at
        home it is done once."""
        if not at_home:
            return dict(self._away.merge_environment_settings(url, {}, True, None, None))
        if self._settings is None:
            self._settings = dict(self._home.merge_environment_settings(url, {}, True, None, None))
        return self._settings

    def _send(self, call: _Call, progress: Progress, timeout: float, at_home: bool) -> Reply:
        if self._origin[0] == "https" and call.url[:5].lower() == "http:":
            raise insecure(self.url, call.url)
        client = self._home if at_home else self._away
        auth = (self._auth if at_home else None) or _NoAuth()
        headers = call.headers
        if not at_home:
            headers = {k: v for k, v in headers.items() if k.lower() not in ("authorization", "cookie")}
        try:
            url = without_userinfo(call.url)
            prepared = client.prepare_request(
                requests.Request(call.method, url, params=dict(call.params), headers=headers, data=call.body, auth=auth)
            )
            response = client.send(
                prepared, timeout=timeout, allow_redirects=False, **self._surroundings(prepared.url or url, at_home)
            )
            try:
                # A write that is on its way is not left half heard: its outcome would be unknown.
                pieces = _body(response, Silent() if call.write else progress, _CHUNK if call.write else 16)
                taken = call.into is not None and 200 <= response.status_code < 300
                content = b"" if taken else b"".join(pieces)
                if call.into is not None and taken:
                    call.into(response.headers, pieces)
                _whole(response)
                return Reply(response.status_code, response.headers, content, response.url or url)
            finally:
                response.close()
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, OSError) as error:
            if isinstance(error, ValueError) and not isinstance(error, (requests.RequestException, OSError)):
                error = requests.exceptions.InvalidURL(str(error))
            raise unreachable(error, call.url) from error


_CONDITIONS = frozenset({"if-none-match", "if-modified-since"})
_BODY_HEADERS = frozenset(
    {"content-type", "content-crs", "content-length", "if-match", "if-unmodified-since", "prefer"}
)


def _body(response: requests.Response, progress: Progress, size: int) -> Iterator[bytes]:
    """The decoded body in pieces, the first of ``size`` bytes, with a look at the cancel button between them."""
    raw = response.raw
    if not isinstance(raw, urllib3.response.HTTPResponse) or raw.chunked:
        for piece in response.iter_content(_CHUNK):
            check(progress)
            yield piece
        return
    # A read blocks until it is full: who may be cancelled begins small, so that a trickling server cannot hold us.
    while True:
        check(progress)
        began = time.monotonic()
        piece = raw.read(size, decode_content=True)
        if piece:
            yield piece
        elif raw.closed:
            return
        size = min(size * 8, _CHUNK) if time.monotonic() - began < 0.05 else max(size // 4, 1)


def _whole(response: requests.Response) -> None:
    """Raise where the server announced more than came; ``requests`` itself does not mind."""
    missing = getattr(response.raw, "length_remaining", None)
    if isinstance(missing, int) and missing > 0 and response.request.method != "HEAD":
        raise requests.exceptions.ChunkedEncodingError(f"{missing} bytes of the announced body did not come")


def retry_after(reply: Reply) -> float | None:
    """The seconds that Retry-After asks for, whether written as a number or as a date; None where it does not."""
    value = reply.headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        parsed = email.utils.parsedate_tz(value)
        return None if parsed is None else max(0.0, email.utils.mktime_tz(parsed) - time.time())


def insecure(source: str, target: str) -> TwinError:
    """The error for a way that leads from https to http."""
    return BadResponse(
        tr(
            "The twin leads from a secure address to an insecure one, {url}. It is not followed, so that nobody can "
            "listen in or change the data; tell the people who run the twin.",
            url=scrub(target),
        ),
        detail=f"https to http: {scrub(source)} to {scrub(target)}",
    )
