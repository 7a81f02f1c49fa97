"""Personal data is found, and much that looks like it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.pilots.personal import is_bsn, is_iban, personal_data, without


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("mail jan.jansen@rotterdam.nl.", "e-mail", "jan.jansen@rotterdam.nl"),
        ("(a-b+c@x.co.uk)", "e-mail", "a-b+c@x.co.uk"),
        ("bel 06-12345678", "phone", "06-12345678"),
        ("06 12 34 56 78", "phone", "06 12 34 56 78"),
        ("+31 (0)6 12345678", "phone", "+31 (0)6 12345678"),
        ("0031612345678", "phone", "0031612345678"),
        ("(010) 267 12 34", "phone", "(010) 267 12 34"),
        ("BSN 123456782", "bsn", "123456782"),
        ("bsn: 1234.56.782", "bsn", "1234.56.782"),
        ("burgerservicenummer 10000008", "bsn", "10000008"),
        ("rekening NL91 ABNA 0417 1643 00.", "iban", "NL91 ABNA 0417 1643 00"),
        ("NL91ABNA0417164300", "iban", "NL91ABNA0417164300"),
        ("contact: Jan de Vries", "name", "Jan de Vries"),
        ("Contactpersoon: A.B. van den Berg", "name", "A.B. van den Berg"),
        ("contact person: mw. Fatima El Idrissi", "name", "mw. Fatima El Idrissi"),
        ("vraag het mevr. Jansen", "name", "Jansen"),
    ],
)
def test_found(text, kind, found):
    assert [(one.kind, one.text) for one in personal_data(text)] == [(kind, found)]
    assert found not in without(text)


@pytest.mark.parametrize(
    "text",
    [
        "info@rotterdam.nl, pilots@rotterdam.nl",
        "bel 14 010 of 0800-1234567",
        "088-1234567 is de centrale",
        "zaaknummer 123456782",
        "RSIN 123456782, NL123456782B01",
        "€ 123456782 subsidie",
        "123456782 m2 dak",
        "123456789",  # fails the eleven test
        "BAG 0599100000123456 en 0599010000123456",
        "van 2025-03-01 tot 2027-02-28, budget 640.000 EUR",
        "coördinaten 92350.123 437200.456",
        "https://x.example.org/123456782/0612345678?mail=jan.jansen@x.nl",
        "NL91ABNA0417164301",  # fails the check
        "contact: Gemeente Rotterdam, Stadsbeheer",
        "Contact: programme manager climate adaptation",
        "contact: Hogeschool Rotterdam",
        "contactpersoon: projectleider digitale tweeling",
        "Mr Green Roofs"[3:],
        "3011 AB Rotterdam, Coolsingel 40",
        "IFC2x3 ISO 19650-1:2018 NEN 3610",
        "10000008 waarnemingen",
    ],
)
def test_left_alone(text):
    assert personal_data(text) == []


def test_the_demo_pilots_name_nobody(city):
    from plugin.pilots.reading import read_pilots

    for pilot in read_pilots(city.copy):
        assert [personal_data(text) for _, text in pilot.free_texts() if personal_data(text)] == []


def test_several_in_one_text():
    text = "contact: Jan de Vries, 06-12345678, jan@devries.nl"
    assert [one.kind for one in personal_data(text)] == ["name", "phone", "e-mail"]
    assert without(text) == "contact: …, …, …"


@given(st.text(alphabet="0123456789 .-+()@abcNLJan:contact\n", max_size=60))
def test_taking_out_leaves_nothing_to_take(text):
    for one in personal_data(text):
        assert text[one.start : one.end] == one.text
    assert personal_data(without(text)) == []


def test_the_tests_of_digits():
    assert is_bsn("123456782") and not is_bsn("123456789") and not is_bsn("000000000") and not is_bsn("12345678")
    assert is_iban("GB82 WEST 1234 5698 7654 32") and not is_iban("NL91ABNA041716430") and not is_iban("XX00")
