"""Personal data in free text: what a public record of pilots must not hold.

Few false alarms matter more than finding everything: a check that cries wolf is switched off. So mailboxes of roles
(info@, pilots@), free and service numbers, VAT and chamber numbers are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["e-mail", "phone", "bsn", "iban", "name"]


@dataclass(frozen=True)
class Found:
    """Personal data at ``text[start:end]``."""

    kind: Kind
    start: int
    end: int
    text: str


_URL = re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)
_MAIL = re.compile(r"(?<![\w.+-])([A-Za-z0-9][\w.+-]*)@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})\b")
# mailboxes of roles
_ROLES = {
    "info", "contact", "pilots", "pilot", "digitaltwin", "twin", "post", "mail", "helpdesk", "support",
    "servicedesk", "receptie", "secretariaat", "bestuur", "office", "hello", "hallo", "team", "project",
    "projecten", "innovatie", "communicatie", "pers", "press", "privacy", "security", "beheer", "data", "geo",
    "gis", "gemeente", "stadsbeheer", "wijkraad", "redactie", "admin", "noreply", "no-reply", "participatie",
    "vergunningen",
}  # fmt: skip
_PHONE = re.compile(
    r"(?<![\w/+.,-])(?:(?:\+|00)\s?31[\s.-]?(?:\(0\)\s?)?|\(?0)[1-9](?:\)?[\s.-]?\d){8}(?![\w/]|[.,-]\d)"
)
_NINE = re.compile(r"(?<![\w.,/-])\d{4}[ .]?\d{2}[ .]?\d{3}(?!\w|[.,/-]\w|\s?(?:m2|m²|m3|m³|EUR|euro|kWh|inwoners)\b)")
_EIGHT = re.compile(r"(?<![\w.,/-])\d{8}(?!\w|[.,/-]\w)")
_BSN_WORD = re.compile(
    r"\b(?:bsn|burger\s?service\s?nummer|sofi-?nummer|citizen service number)\b\W{0,12}$", re.IGNORECASE
)
_NO_BSN = re.compile(
    r"(?:€|\$|\b(?:eur|euro|rsin|btw|vat|kvk|nl|bag|nr|no|id|object|zaak(?:nummer)?|bestek|project(?:nummer)?|"
    r"dossier|kenmerk|order|factuur|invoice))\W{0,6}$",
    re.IGNORECASE,
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,3})?(?!\w)")
_NAME = r"(?:[A-Z]\.\s?){1,4}|[A-ZÀ-Þ][a-zß-ÿ'-]+\s+"
_BETWEEN = r"(?:(?i:van|von|de|den|der|het|'t|ten|ter|te|la|el|al|da|dos|bin|ibn)\s+){0,3}"
_SURNAME = r"[A-ZÀ-Þ][a-zß-ÿ']+(?:-[A-ZÀ-Þ][a-zß-ÿ']+)?"
_CONTACT = re.compile(
    r"\b(?i:contact(?:persoon|\sperson)?|aanspreekpunt|vraag naar|ask for|projectleider|project (?:lead|manager))"
    r"\s*[:=]\s*(?P<name>(?:(?i:dhr|mevr|mw|mr|mrs|ms|dr|ir|ing|drs)\.?\s+)*"
    rf"(?:{_NAME}){_BETWEEN}{_SURNAME})"
)
_HONOUR = re.compile(
    rf"(?<!\w)(?:[Dd]hr\.?|[Mm]evr\.?|[Mm]w\.?|[Mm]eneer|[Mm]evrouw|Mr\.?|Mrs\.?|Ms\.?)\s+(?P<name>(?:{_NAME})?{_BETWEEN}{_SURNAME})"
)
# a capital word after "contact:" that belongs to an organisation, not to a person
_ORGANISATION = re.compile(
    r"(?i)\b(?:gemeente|stichting|vereniging|waterschap|provincie|afdeling|department|team|bureau|dienst|loket|wijkraad|"
    r"universit\w+|hogeschool|school|institu\w+|stadsbeheer|stadsontwikkeling|rotterdam|nederland|netherlands|city|office|"
    r"desk|council|municipality|agency|projectbureau|wijk|buurt\w*|bewoners\w*|co[oö]peratie|coordinator|co[oö]rdinator|"
    r"manager|leider|lead|adviseur|advisor|officer|beheerder|architect|regisseur|secretar\w+|digital|digitale|pilot\w*|"
    r"tno|tu|bv|b\.v\.|nv|n\.v\.|gmbh|ltd)\b"
)


def personal_data(text: str) -> list[Found]:
    """What looks like personal data in ``text``, in its order, without overlaps."""
    found: list[Found] = []
    # an address on the web holds numbers of its own
    clear = _URL.sub(lambda match: " " * len(match.group()), text)
    for one in (*_mails(clear), *_ibans(clear), *_phones(clear), *_bsns(clear), *_names(clear)):
        if not any(one.start < other.end and other.start < one.end for other in found):
            found.append(one)
    return sorted(found, key=lambda one: one.start)


def without(text: str, mark: str = "…") -> str:
    """``text`` with what `personal_data` finds replaced by ``mark``."""
    for one in reversed(personal_data(text)):
        text = text[: one.start] + mark + text[one.end :]
    return text


def _mails(text: str) -> Iterator[Found]:
    for match in _MAIL.finditer(text):
        if match.group(1).lower() not in _ROLES:
            yield Found("e-mail", match.start(), match.end(), match.group())


def _phones(text: str) -> Iterator[Found]:
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        national = digits[-9:]
        if not national.startswith(("800", "900", "906", "909", "88")):  # free, paid, and companies' numbers
            yield Found("phone", match.start(), match.end(), match.group())


def _bsns(text: str) -> Iterator[Found]:
    for pattern in (_NINE, _EIGHT):
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - 40) : match.start()]
            named = _BSN_WORD.search(before) is not None
            digits = re.sub(r"\D", "", match.group())
            if not named and (pattern is _EIGHT or _NO_BSN.search(before)):
                continue
            if is_bsn(digits.zfill(9)):
                yield Found("bsn", match.start(), match.end(), match.group())


def is_bsn(digits: str) -> bool:
    """The eleven test of a citizen service number of nine digits."""
    if len(digits) != 9 or not digits.isdecimal() or len(set(digits)) == 1:
        return False
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(weight * int(digit) for weight, digit in zip(weights, digits)) % 11 == 0


def _ibans(text: str) -> Iterator[Found]:
    for match in _IBAN.finditer(text):
        if is_iban(match.group()):
            yield Found("iban", match.start(), match.end(), match.group())


def is_iban(text: str) -> bool:
    """The check of ISO 13616: 97 with remainder 1."""
    packed = re.sub(r"\s", "", text).upper()
    if not 15 <= len(packed) <= 34 or (packed.startswith("NL") and len(packed) != 18):
        return False
    turned = packed[4:] + packed[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def _names(text: str) -> Iterator[Found]:
    for pattern in (_CONTACT, _HONOUR):
        for match in pattern.finditer(text):
            name = match.group("name")
            if not _ORGANISATION.search(name):
                yield Found("name", match.start("name"), match.end("name"), name)
