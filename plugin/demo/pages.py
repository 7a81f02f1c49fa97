"""The same documents as simple HTML, for a person with a browser."""

from __future__ import annotations

import json
from html import escape
from typing import Any
from urllib.parse import quote

from .web import HTML, Request, Response

_STYLE = """
:root{color-scheme:light dark;--ink:#1d2a35;--soft:#5b6b78;--line:#d8e0e6;--paper:#fff;--accent:#00685e}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf2;--soft:#9fb0bd;--line:#33424e;--paper:#141b21;--accent:#5ed0c2}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:70rem;margin:2rem auto;
padding:0 1.2rem}
nav{font-size:.9rem;color:var(--soft)}h1{font-size:1.7rem;margin:.4rem 0}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
a{color:var(--accent)}p{max-width:46rem}table{border-collapse:collapse;width:100%;font-size:.9rem}
.wide{overflow-x:auto}th,td{text-align:left;vertical-align:top;padding:.35rem .8rem .35rem 0;
border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600}pre{font-size:.85rem;overflow:auto;border:1px solid var(--line);padding:1rem}
"""


def page(request: Request, response: Response) -> Response:
    """The JSON ``response`` as an HTML page."""
    document = json.loads(response.body)
    title, body = _body(request, document)
    crumbs = ["<a href='{}'>Home</a>".format(escape(request.base + "/?f=html"))]
    for depth, segment in enumerate(request.path, 1):
        if depth < len(request.path):
            crumbs.append(_a(request.url(*request.path[:depth]) + "?f=html", segment))
        else:
            crumbs.append(escape(segment))
    text = (
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<nav>{' / '.join(crumbs)}</nav><h1>{escape(title)}</h1>{body}{_json_link(request)}</body></html>"
    )
    return Response(response.status, text.encode("utf-8"), f"{HTML}; charset=utf-8", response.headers)


def _body(request: Request, document: dict[str, Any]) -> tuple[str, str]:
    if "collections" in document:
        return "Collections", _collections(request, document["collections"])
    if document.get("type") == "FeatureCollection":
        return f"{request.params['collection']}: items", _items(request, document)
    if document.get("type") == "Feature":
        return str(document["id"]), _facts(document["properties"]) + _dump(document["geometry"])
    if "itemType" in document:
        return document["title"], _collection(request, document)
    if "conformsTo" in document:
        entries = "".join(f"<li>{escape(uri)}</li>" for uri in document["conformsTo"])
        return "Conformance", f"<ul>{entries}</ul>"
    if not request.path:
        return document["title"], f"<p>{escape(document['description'])}</p>{_links(document['links'])}"
    return str(document.get("title") or document.get("info", {}).get("title") or "Document"), _dump(document)


def _collections(request: Request, found: list[dict[str, Any]]) -> str:
    rows = []
    for entry in found:
        url = request.url("collections", entry["id"]) + "?f=html"
        text = escape(entry.get("description", ""))
        rows.append(f"<tr><td>{_a(url, entry['title'])}</td><td>{entry['itemCount']:,}</td><td>{text}</td></tr>")
    return f"<table><tr><th>Collection</th><th>Items</th><th>Description</th></tr>{''.join(rows)}</table>"


def _collection(request: Request, document: dict[str, Any]) -> str:
    facts = {
        "Items": f"{document['itemCount']:,}",
        "Stored in": document["storageCrs"],
        "Offered in": ", ".join(document["crs"]),
        "Extent (longitude, latitude)": document.get("extent", {}).get("spatial", {}).get("bbox", ["–"])[0],
        "Licence": document.get("license", "–"),
        "Attribution": document.get("attribution", "–"),
    }
    text = document.get("description", "")
    return f"<p>{escape(text)}</p>{_facts(facts)}{_links(document['links'])}"


def _items(request: Request, document: dict[str, Any]) -> str:
    features = document["features"]
    names = list(dict.fromkeys(name for feature in features for name in feature["properties"]))
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = []
    for feature in features:
        url = request.url(*request.path, str(feature["id"])) + "?f=html"
        cells = "".join(f"<td>{_value(feature['properties'].get(name))}</td>" for name in names)
        rows.append(f"<tr><td>{_a(url, str(feature['id']))}</td>{cells}</tr>")
    turns = [entry for entry in document["links"] if entry["rel"] in ("prev", "next")]
    return (
        f"<p>{document['numberReturned']:,} of {document['numberMatched']:,} items. "
        f"{' · '.join(_a(entry['href'], entry['title']) for entry in turns)}</p>"
        f"<div class='wide'><table><tr><th>id</th>{head}</tr>{''.join(rows)}</table></div>"
    )


def _facts(values: dict[str, Any]) -> str:
    rows = "".join(f"<tr><th>{escape(str(key))}</th><td>{_value(value)}</td></tr>" for key, value in values.items())
    return f"<table>{rows}</table>"


def _links(links: list[dict[str, str]]) -> str:
    entries = "".join(f"<li>{_a(entry['href'], entry.get('title') or entry['rel'])}</li>" for entry in links)
    return f"<h2>Links</h2><ul>{entries}</ul>"


def _dump(value: Any) -> str:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    cut = text if len(text) < 200_000 else text[:200_000] + "\n…"
    return f"<pre>{escape(cut)}</pre>"


def _json_link(request: Request) -> str:
    values = dict(request.query, f="json")
    query = "&".join(f"{quote(key)}={quote(value)}" for key, value in values.items())
    return f"<p>{_a(request.url(*request.path) + '?' + query, 'This page as JSON')}</p>"


def _value(value: Any) -> str:
    return "" if value is None else escape(str(value))


def _a(url: str, text: str) -> str:
    # only http links are made clickable: a link's target may come from data
    return f"<a href='{escape(url)}'>{escape(text)}</a>" if url.startswith(("http://", "https://")) else escape(text)
