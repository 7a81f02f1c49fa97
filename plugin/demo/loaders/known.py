"""Titles, licences and sources of open data files that say nothing about themselves, by the name of the file.

``twin.json`` beside the data overrides them; a file of another name gets a title from its name.
"""

from __future__ import annotations

_BY = "CC BY 4.0"
_BY_URL = "https://creativecommons.org/licenses/by/4.0/"
_ROTTERDAM = "Municipality of Rotterdam"
_OPEN = "Open data"

_BAG = {"licence": "Public domain", "attribution": "Kadaster, BAG"}

KNOWN: dict[str, dict[str, str]] = {
    "rotterdam_delfshaven": {
        "title": "Buildings, Delfshaven", "description": "The municipal 3D city model of Rotterdam Delfshaven.",
        "licence": _BY, "licence_url": _BY_URL, "attribution": _ROTTERDAM,
    },
    "rotterdam_subset": {
        "title": "Buildings, Delfshaven (sample)", "description": "A few buildings of the municipal 3D city model.",
        "licence": _BY, "licence_url": _BY_URL, "attribution": _ROTTERDAM,
    },
    "3dbag_delft": {
        "title": "Buildings, Delft", "licence": _BY, "licence_url": _BY_URL,
        "attribution": "3D BAG by tudelft3d and 3DGI",
    },
    "rotterdam_neighbourhoods": {
        "title": "Districts, Rotterdam", "description": "The city's districts in 2012.", "licence": _OPEN,
        "attribution": "CBS / Kadaster",
    },
    "rotterdam_trees_centre": {
        "title": "Trees, Rotterdam Centre", "description": "Municipal trees in the city centre.", "licence": _OPEN,
        "attribution": _ROTTERDAM,
    },
    "rotterdam_bins_centre": {
        "title": "Waste Bins, Rotterdam Centre", "description": "Municipal waste bins in the city centre.",
        "licence": _OPEN, "attribution": _ROTTERDAM,
    },
    "dutch_addresses_28992": {"title": "Addresses, Gelderland", **_BAG},
    "ligplaatsen": {"title": "Moorings, Amsterdam", **_BAG},
    "standplaatsen": {"title": "Stands, Amsterdam", **_BAG},
    "verblijfsobjecten": {"title": "Premises, Amsterdam", **_BAG},
    "luchtmeetnet_stations": {
        "title": "Air-Quality Stations", "description": "NO2 and PM2.5 in µg/m³.", "attribution": "Luchtmeetnet",
    },
    "ndw_stations": {
        "title": "Road-Traffic Stations", "description": "Traffic counts around Rotterdam.", "licence": _OPEN,
        "attribution": "NDW",
    },
}  # fmt: skip
