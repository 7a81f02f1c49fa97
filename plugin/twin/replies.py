"""What comes back from a server: the reply, its JSON, and what its errors say in words a user can read."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from ..text import tr
from .errors import (
    AccessDenied,
    BadResponse,
    Clash,
    NotFound,
    PerhapsGone,
    Rejected,
    ServerFailed,
    TooBusy,
    TwinError,
)

_WORDS = 300  # characters of a server's own words that a sentence may carry
_HIDDEN = "***"
_SECRET_NAME = re.compile(
    r"(key|token|secret|passw|pwd|sig|signature|auth|credential|session|jwt|bearer|code|sas|ticket)$|^x-amz-",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_\-.~+/=]{20,}")
_PAIR = re.compile(r"([?&;#])([^=&;#\s]+)=([^&;#\s'\"<>)]*)")
_USERINFO = re.compile(r"(?<=://)[^/@\s?#]+@")
_NO_SUCH_ITEM = re.compile(r"Invalid feature \[.*\]")  # QGIS Server, in place of a 404
_TRACEBACK = re.compile(
    r"Traceback \(most recent call|^\s+at [\w$.]+\(|File \"[^\"]+\", line \d+|Exception in thread", re.MULTILINE
)


@dataclass(frozen=True)
class Reply:
    """A whole answer. ``headers`` is case-insensitive; ``url`` is where it came from, after redirects, ``asked`` the
    address that was asked, its parameters in it."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str
    asked: str = ""

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        return self.headers.get("Content-Type", "").split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The content as text. Raises UnicodeDecodeError: a replaced character would be published back as data."""
        match = re.search(r"charset=\"?([\w.:-]+)", self.headers.get("Content-Type", ""), re.IGNORECASE)
        charset = match.group(1).lower() if match else "utf-8"
        try:
            return self.content.decode("utf-8-sig" if charset in ("utf-8", "utf8") else charset)
        except LookupError:
            return self.content.decode("utf-8-sig")


def scrub(url: str) -> str:
    """``url`` without its user part, and without the values of query members that are or look like secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return scrub_text(url)
    netloc = parts.netloc.rpartition("@")[2]
    query = "&".join(_shown(pair) for pair in parts.query.split("&")) if parts.query else ""
    fragment = "" if "=" in parts.fragment else parts.fragment
    return urlunsplit((parts.scheme, netloc, parts.path, query, fragment))


def _shown(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={_HIDDEN}" if equals and value and _is_secret(name, value) else pair


def _is_secret(name: str, value: str) -> bool:
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.fullmatch(unquote(value)))


def scrub_text(text: str) -> str:
    """``text`` with every address in it scrubbed."""
    text = _USERINFO.sub("", text)
    return _PAIR.sub(
        lambda m: f"{m[1]}{m[2]}={_HIDDEN}" if m[3] and _is_secret(m[2], m[3]) else m[0],
        text,
    )


def without_userinfo(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def with_query(url: str, **values: str) -> str:
    """``url`` with these query members set; others stay as they are."""
    parts = urlsplit(url)
    kept = [p for p in parts.query.split("&") if p and p.partition("=")[0] not in values]
    added = [f"{quote(k)}={quote(v, safe=':/,')}" for k, v in values.items()]
    return urlunsplit(parts._replace(query="&".join(kept + added), fragment=""))


def without_query(url: str, *names: str) -> str:
    """``url`` without the fragment and these query members (without names: without any)."""
    parts = urlsplit(url)
    kept = [p for p in parts.query.split("&") if p and names and p.partition("=")[0] not in names]
    return urlunsplit(parts._replace(query="&".join(kept), fragment=""))


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def shorten(text: str, limit: int = _WORDS) -> str:
    """``text`` on one line, cut at ``limit`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def looks_like_html(reply: Reply) -> bool:
    head = reply.content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return "html" in reply.content_type or head.startswith((b"<!doctype html", b"<html"))


def looks_like_xml(reply: Reply) -> bool:
    head = reply.content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return not looks_like_html(reply) and (reply.content_type.endswith("xml") or head.startswith(b"<"))


def decode_json(reply: Reply) -> Any:
    """The reply's JSON; ``NaN`` and ``Infinity``, which JSON does not have, become None. Raises `BadResponse`."""
    url = scrub(reply.url)
    if looks_like_html(reply) or looks_like_xml(reply):
        raise BadResponse(
            tr(
                "{url} answered with a web page or XML where data was expected{words}. Check that the address is that "
                "of the twin's API, and that no login page stands before it.",
                url=url,
                words=_quoted(server_words(reply)),
            ),
            detail=f"{reply.status} {reply.content_type}",
            status=reply.status,
        )
    try:
        return json.loads(reply.text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadResponse(
            tr(
                "The answer of {url} cannot be read: it is not valid JSON, or it was cut off. Try again; if it stays "
                "so, tell the people who run the twin.",
                url=url,
            ),
            detail=f"{type(error).__name__}: {error}; {reply.content_type}, {len(reply.content)} bytes",
            status=reply.status,
        ) from error


def _no_constant(_name: str) -> None:
    return None


def server_words(reply: Reply) -> str:
    """What the server says about an error, on one line; "" where it says nothing a user should read."""
    try:
        text = reply.text
    except UnicodeDecodeError:
        return ""
    words = ""
    if looks_like_html(reply):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        words = html.unescape(title.group(1)) if title else ""
    elif looks_like_xml(reply):
        words = html.unescape(re.sub(r"<[^>]+>", " ", text))
    else:
        try:
            words = _problem_words(json.loads(text))
        except (ValueError, RecursionError):
            words = text
    return "" if _TRACEBACK.search(words) else shorten(scrub_text(words))


def says_missing(reply: Reply) -> bool:
    """Whether a server that answers 500 in place of 404 may mean that there is no such item."""
    return reply.status == 500 and "json" in reply.content_type and bool(_NO_SUCH_ITEM.fullmatch(server_words(reply)))


def problem_of(reply: Reply) -> dict[str, Any] | None:
    """The JSON object that came with an error (RFC 7807 or the server's own); None where there is none."""
    try:
        document = json.loads(reply.text) if "json" in reply.content_type else None
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _problem_words(document: Any) -> str:
    """The words of an RFC 7807 problem, or of what servers send in its stead."""
    if isinstance(document, str):
        return document
    if isinstance(document, list):
        return "; ".join(w for w in (_problem_words(d) for d in document[:3]) if w)
    if not isinstance(document, dict):
        return ""
    for name in ("detail", "description", "message", "msg", "error", "errors", "title", "code"):
        value = document.get(name)
        words = _problem_words(value) if value else ""
        if words:
            title = document.get("title")
            if name == "detail" and isinstance(title, str) and title and title not in words:
                return f"{title}: {words}"
            return words
    return ""


def _quoted(words: str) -> str:
    return tr(" (it says: “{words}”)", words=words) if words else ""


def error_of(reply: Reply, *, write: bool, auth_name: str, at_home: bool, has_auth: bool) -> TwinError:
    """The error that a reply of status 4xx or 5xx means (3xx: a redirect that may not be followed)."""
    status = reply.status
    url = scrub(reply.url)
    said = _quoted(server_words(reply))
    detail = f"HTTP {status} {url}; {reply.content_type}; {server_words(reply)}"

    if status in (401, 407):
        return AccessDenied(_unauthorised(url, said, auth_name, at_home, has_auth), detail=detail, status=status)
    if status == 403:
        if auth_name or has_auth:
            text = tr(
                "The twin does not allow this with the authentication configuration “{name}”{said}. Ask the people who "
                "run the twin for the right to do it, or choose other credentials.",
                name=auth_name or tr("given"),
                said=said,
            )
        else:
            text = tr(
                "The twin does not allow this without credentials{said}. Choose an authentication configuration in the "
                "connection's settings.",
                said=said,
            )
        return AccessDenied(text, detail=detail, status=status)
    if status in (404, 410):
        return NotFound(
            tr(
                "There is nothing at {url}{said}. The address may be wrong, or somebody deleted it.",
                url=url,
                said=said,
            ),
            detail=detail,
            status=status,
        )
    if status in (409, 412, 428):
        return Clash(
            tr(
                "The twin did not accept the edit, because the feature is no longer as it was when you took it{said}. "
                "Nothing was overwritten; pull to see what changed.",
                said=said,
            )
            if status != 428
            else tr(
                "The twin takes edits only with a version lock, and none could be sent{said}. Nothing was changed; "
                "pull and publish again.",
                said=said,
            ),
            detail=detail,
            status=status,
        )
    if status == 429 or (status == 503 and (not write or "Retry-After" in reply.headers)):
        return TooBusy(
            tr("The twin is too busy to answer, however often we asked{said}. Try again later.", said=said),
            detail=detail,
            status=status,
        )
    if status >= 500:
        kind = PerhapsGone if says_missing(reply) else ServerFailed
        return kind(
            tr(
                "The twin failed ({status}){said}. This is an error of its server, not of your data; try again, or "
                "tell the people who run it.",
                status=status,
                said=said,
            ),
            detail=detail,
            status=status,
        )
    if write:
        return Rejected(
            tr("The twin refused the edit ({status}){said}. It stays a local change.", status=status, said=said),
            detail=detail,
            status=status,
        )
    return BadResponse(
        tr("The twin did not understand the request to {url} ({status}){said}.", url=url, status=status, said=said),
        detail=detail,
        status=status,
    )


def _unauthorised(url: str, said: str, auth_name: str, at_home: bool, has_auth: bool) -> str:
    if not at_home:
        return tr(
            "{url} wants credentials, but it is another server than the connection's, so yours were not sent there"
            "{said}. If you trust it, use its address in the connection.",
            url=url,
            said=said,
        )
    if auth_name or has_auth:
        return tr(
            "No or wrong credentials: the twin does not accept those of the authentication configuration "
            "“{name}”{said}. Check the user name and the password or token in it.",
            name=auth_name or tr("given"),
            said=said,
        )
    return tr(
        "No or wrong credentials: the twin wants you to log in{said}. Choose an authentication configuration in the "
        "connection's settings.",
        said=said,
    )
