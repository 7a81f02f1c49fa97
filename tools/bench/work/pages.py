"""A client that only fetches every page, one after the other, and looks at nothing: ``URL COLLECTION LIMIT``.

What it takes is what the server takes; nobody can be faster with one connection.
"""

from __future__ import annotations

import http.client
import re
import sys
import time
from urllib.parse import urlencode, urlsplit

from ..prepared import RD
from .telling import tell

_NEXT = re.compile(rb'"href": "([^"]*)", "rel": "next"')
_BEGIN = 4096  # bytes of a page in which its links are


def main(url: str, collection: str, limit: str) -> None:
    started = time.perf_counter()
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    following: str | None = f"{url}/collections/{collection}/items?{urlencode({'limit': limit, 'crs': RD})}"
    pages = size = 0
    while following:
        connection.request("GET", following.partition(urlsplit(url).netloc)[2])
        body = connection.getresponse().read()
        pages, size = pages + 1, size + len(body)
        found = _NEXT.search(body, 0, _BEGIN)
        following = found[1].decode() if found else None
    tell(time.perf_counter() - started, pages=pages, bytes=size)


if __name__ == "__main__":
    main(*sys.argv[1:])
