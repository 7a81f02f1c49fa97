"""The generated pilot areas: our own construction, no public data set of any was found.

Four of them are of the kinds that Rotterdam ran on its twin: taking part by seeing plans in 3D, construction in
augmented reality, permits checked by machine, and the insides of public buildings for emergencies. They are in
different stages, and some are fading.
"""

from __future__ import annotations

from typing import Any

_DATASTREAMS = "https://twin.example.org/sta/v1.1/Datastreams"
_COLLECTIONS = "https://twin.example.org/collections"
_LETTER = {"+": "met", "o": "partly met", "-": "not met", "?": "unknown"}
_STAGES = ("idea", "proposed", "running", "evaluated", "scaling", "embedded")
TECHNICAL = ("data standards", "interoperability", "integration", "reuse", "security and privacy", "maintenance")
HUMAN = ("skills", "ownership", "leadership", "participants' support", "time")
INSTITUTIONAL = (
    "funding beyond the pilot", "rules and procurement", "governance", "coordination between departments",
    "place in the organisation",
)  # fmt: skip


def _went(*days: str, more: tuple[dict[str, str], ...] = ()) -> list[dict[str, str]]:
    """A history: the day of each stage in their order; then what came otherwise."""
    steps = [
        {"at": day, **({"from": _STAGES[n - 1]} if n else {}), "to": _STAGES[n], "by": "pilot coordinator"}
        for n, day in enumerate(days)
    ]
    return sorted([*steps, *more], key=lambda step: step["at"])


def _note(day: str, stage: str, text: str) -> dict[str, str]:
    return {"at": day, "from": stage, "to": stage, "reason": text, "by": "pilot coordinator"}


def _rated(criteria: tuple[str, ...], marks: str, day: str, **evidence: str) -> list[dict[str, str]]:
    """Criteria with a sign each; ``evidence`` by the first word of a criterion."""
    found = []
    for criterion, sign in zip(criteria, marks):
        entry = {"criterion": criterion, "rating": _LETTER[sign]}
        words = evidence.get(criterion.split()[0].strip("'"))
        found.append({**entry, **({"evidence": words} if words else {}), **({"date": day} if sign != "?" else {})})
    return found


def _link(kind: str, name: str, title: str) -> dict[str, str]:
    base = _DATASTREAMS if kind == "datastream" else _COLLECTIONS
    href = f"{base}({name})" if kind == "datastream" else f"{base}/{name}"
    return {"title": title, "href": href, "kind": kind}


# ``at`` and ``radius`` (metres, EPSG:28992) say where; the rest is what the form holds
PILOTS: tuple[dict[str, Any], ...] = (
    {
        "at": (91720, 437120), "radius": 260, "name": "Rooftop Water Storage Oude Westen", "stage": "running",
        "summary": "Blue-green roofs hold 60 mm of a cloudburst and tell the sewer when they empty.",
        "theme": "climate adaptation", "start_date": "2025-03-01", "end_date": "2027-02-28",
        "stage_history": _went("2024-05-14", "2024-10-01", "2025-03-01",
                               more=(_note("2026-10-05", "running", "Forty roofs report to the sewer model."),)),
        "lead": "Gemeente Rotterdam, Stadsbeheer", "contact_role": "programme manager climate adaptation",
        "partners": "Waterschap Schieland; Woonstad Rotterdam; TU Delft", "budget_band": "250k to 1M",
        "budget_eur": 640000,
        "data_used": [_link("collection", "buildings", "Buildings")],
        "data_produced": [_link("datastream", "roof-level", "Water level on roofs")],
        "technical": _rated(TECHNICAL, "+o+o+?", "2026-09-15", integration="Roofs report over SensorThings.",
                            reuse="Only flat roofs of one builder so far."),
        "human": _rated(HUMAN, "++oo?", "2026-09-22", ownership="Stadsbeheer keeps the valves."),
        "institutional": _rated(INSTITUTIONAL, "-o?-?", "2026-09-15",
                                funding="Subsidy ends with the pilot.",
                                coordination="Sewer and housing plan apart."),
        "integration": "Roof sensors and the sewer model are seen in one map.",
        "collaboration": "Water board and housing association decide on one picture.",
    },
    {
        "at": (92330, 437200), "radius": 310, "name": "Zero-Emission Deliveries Cool", "stage": "scaling",
        "summary": "Shops are supplied from a hub at the edge of the centre by cargo bike and light electric van.",
        "theme": "mobility", "start_date": "2024-01-15", "end_date": "2026-12-31",
        "stage_history": _went("2023-02-20", "2023-06-12", "2024-01-15", "2026-02-03", "2026-06-30"),
        "lead": "Gemeente Rotterdam, Mobiliteit", "contact_role": "logistics adviser",
        "partners": "PostNL; Ondernemersfederatie Cool; Erasmus Universiteit", "budget_band": "1M to 5M",
        "budget_eur": 1250000,
        "data_used": [_link("collection", "streets", "Streets")],
        "data_produced": [_link("datastream", "hub-parcels", "Parcels through the hub")],
        "technical": _rated(TECHNICAL, "++++oo", "2026-06-01", data="Deliveries as OGC API features.",
                            reuse="A second hub took the software over in a week."),
        "human": _rated(HUMAN, "+++o+", "2026-06-11", participants="Half of the shops want evening deliveries too."),
        "institutional": _rated(INSTITUTIONAL, "++++o", "2026-06-01", funding="In the budget of 2027.",
                                rules="Part of the zero-emission zone's rules."),
        "integration": "Loading bays, bans and parcels in one model.",
        "collaboration": "Carriers and city look at the same numbers each month.",
    },
    {
        "at": (93010, 435570), "radius": 190, "name": "Smart Quay Wilhelminapier", "stage": "proposed",
        "summary": "Shore power for cruise ships, balanced with the batteries of the towers behind the quay.",
        "theme": "energy", "start_date": "2027-05-01", "end_date": "2029-04-30",
        "stage_history": _went("2025-11-10", "2026-08-25"),
        "lead": "Havenbedrijf Rotterdam", "contact_role": "energy adviser",
        "partners": "Cruise Port Rotterdam; Eneco", "budget_band": "1M to 5M", "budget_eur": 2300000,
        "technical": _rated(TECHNICAL, "oo??-?", "2026-08-20", security="Grid data may not leave the operator."),
        "human": _rated(HUMAN, "?????", ""),
        "institutional": _rated(INSTITUTIONAL, "oo???", "2026-08-20"),
        "integration": "Ships, batteries and towers in one energy balance.",
    },
    {
        "at": (93560, 435130), "radius": 250, "name": "Cool Squares Afrikaanderwijk", "stage": "idea",
        "summary": "Shade, water and measured heat stress on the squares where people meet.",
        "theme": "climate adaptation", "stage_history": _went("2026-09-18"),
        "lead": "Wijkraad Afrikaanderwijk",
        "partners": "Afrikaanderwijk Coöperatie; Hogeschool Rotterdam",
        "human": _rated(HUMAN, "?+?o?", "2026-09-18", ownership="The council of the district asked for it."),
    },
    {
        # fading: evaluated long ago, and nobody decided
        "at": (93980, 436390), "radius": 330, "name": "Noise Map Noordereiland", "stage": "evaluated",
        "summary": "Residents' own sensors beside the official ones; both feed the same noise map.",
        "theme": "environment", "start_date": "2023-09-01", "end_date": "2025-08-31",
        "stage_history": _went("2022-11-02", "2023-03-15", "2023-09-01", "2025-10-20"),
        "lead": "DCMR Milieudienst Rijnmond", "contact_role": "noise adviser",
        "partners": "Bewonersorganisatie Noordereiland; TNO", "budget_band": "50k to 250k", "budget_eur": 185000,
        "data_used": [_link("datastream", "noise-official", "Official noise stations")],
        "data_produced": [_link("datastream", "noise-residents", "Residents' noise sensors")],
        "technical": _rated(TECHNICAL, "++oooo", "2025-10-13", data="Residents' sensors speak SensorThings."),
        "human": _rated(HUMAN, "+-o+-", "2025-10-20", ownership="Nobody keeps the sensors after the pilot.",
                        time="Volunteers had no evening left."),
        "institutional": _rated(INSTITUTIONAL, "--oo-", "2025-10-13", funding="None beyond the pilot.",
                                rules="Residents' values have no standing in law.", place="No department took it."),
        "integration": "Two kinds of sensors on one map.",
        "collaboration": "Residents and the environment service read the same values.",
    },
    {
        "at": (93620, 435740), "radius": 230, "name": "Digital Permits Kop van Zuid", "stage": "running",
        "summary": "Automated building permits: building models are checked against the zoning plan in the twin before "
                   "an application is filed.",
        "theme": "governance", "start_date": "2025-10-01", "end_date": "2027-09-30",
        "stage_history": _went("2024-09-09", "2025-04-07", "2025-10-01",
                               more=(_note("2026-07-06", "running", "Nineteen rules are checked by machine."),)),
        "lead": "Gemeente Rotterdam, Bouw- en Woningtoezicht", "contact_role": "head of permits",
        "partners": "buildingSMART Benelux; Kadaster", "budget_band": "250k to 1M", "budget_eur": 410000,
        "data_used": [_link("collection", "buildings", "Buildings"), {"title": "Zoning plan of Kop van Zuid"}],
        "data_produced": [_link("collection", "permit-checks", "Results of permit checks")],
        "technical": _rated(TECHNICAL, "++ooo?", "2026-07-01", data="IFC and IDS, as buildingSMART writes them."),
        "human": _rated(HUMAN, "oo+?o", "2026-07-06", skills="Four of twelve permit officers read models."),
        "institutional": _rated(INSTITUTIONAL, "o-oo?", "2026-07-01", rules="A paper application is still needed."),
        "integration": "Zoning rules and building models meet in the twin.",
        "collaboration": "Architects and officers look at the same model before filing.",
    },
    {
        # reached the end of the path: what the others can learn from
        "at": (91985, 437705), "radius": 170, "name": "Plans in 3D Stationskwartier", "stage": "embedded",
        "summary": "Citizen participation by 3D planning visualisation: residents walk through plans for their street "
                   "and leave remarks where they stand.",
        "theme": "participation", "start_date": "2021-04-01", "end_date": "2023-03-31",
        "stage_history": _went("2020-06-15", "2020-11-02", "2021-04-01", "2023-05-22", "2023-11-06", "2025-01-01"),
        "lead": "Gemeente Rotterdam, Stadsontwikkeling", "contact_role": "adviser on participation",
        "partners": "Wijkraad Centrum; Hogeschool Rotterdam", "budget_band": "250k to 1M", "budget_eur": 320000,
        "data_used": [_link("collection", "buildings", "Buildings"), _link("collection", "trees", "Trees")],
        "data_produced": [_link("collection", "remarks", "Residents' remarks")],
        "technical": _rated(TECHNICAL, "++++++", "2024-11-18", reuse="Used for eleven plans since."),
        "human": _rated(HUMAN, "+++++", "2024-11-25", skills="Two evenings of training for each team."),
        "institutional": _rated(INSTITUTIONAL, "+++++", "2024-11-18", place="A desk of its own in Stadsontwikkeling."),
        "integration": "Plans, buildings and trees in one scene.",
        "collaboration": "Residents, designers and council members talk about the same view.",
    },
    {
        # fading: past its end, no word since spring; overlaps the digital permits
        "at": (93400, 435690), "radius": 150, "name": "Building Sites in Augmented Reality Wilhelminaplein",
        "stage": "running",
        "summary": "Construction projects in augmented reality: site managers see cables, cranes and closures of all "
                   "sites before they dig.",
        "theme": "construction", "start_date": "2024-03-01", "end_date": "2026-02-28",
        "stage_history": _went("2023-03-06", "2023-09-11", "2024-03-01",
                               more=(_note("2026-01-19", "running", "Two of five sites use it."),)),
        "lead": "Gemeente Rotterdam, Ingenieursbureau", "contact_role": "coordinator of building sites",
        "partners": "Bouwend Nederland; Stedin", "budget_band": "250k to 1M", "budget_eur": 530000,
        "data_used": [{"title": "Cables and pipes"}, _link("collection", "streets", "Streets")],
        "technical": _rated(TECHNICAL, "o-o-o?", "2025-12-08", interoperability="One make of headset only.",
                            reuse="Each site is modelled by hand."),
        "human": _rated(HUMAN, "-o-o-", "2025-12-15", leadership="The sponsor changed jobs."),
        "institutional": _rated(INSTITUTIONAL, "-o??-", "2025-12-08", funding="None beyond the pilot."),
        "integration": "Cables of five operators on one screen.",
    },
    {
        # fading: asked for long ago, never started
        "at": (91690, 436380), "radius": 180, "name": "Inside Public Buildings Dijkzigt", "stage": "proposed",
        "summary": "Insides of public buildings for emergencies: the fire brigade sees floors, stairs and doors of the "
                   "hospital and museums on the way there.",
        "theme": "safety", "start_date": "2026-04-01", "end_date": "2028-03-31",
        "stage_history": _went("2025-01-13", "2025-06-02"),
        "lead": "Veiligheidsregio Rotterdam-Rijnmond", "contact_role": "adviser on fire safety",
        "partners": "Erasmus MC; Museumpark", "budget_band": "50k to 250k",
        "data_used": [{"title": "Floor plans of public buildings", "format": "IndoorGML"}],
        "technical": _rated(TECHNICAL, "oo?o-?", "2025-05-26", security="Floor plans of a hospital are secret."),
        "human": _rated(HUMAN, "?o?+?", "2025-06-02"),
        "institutional": _rated(INSTITUTIONAL, "?--o?", "2025-05-26", governance="Who keeps the plans up to date?"),
        "collaboration": "Fire brigade and owners agree on what is shown.",
    },
    {
        "at": (92490, 435930), "radius": 200, "name": "Parking Sensors Scheepvaartkwartier", "stage": "stopped",
        "summary": "Sensors in the pavement told drivers where a space was free.",
        "theme": "mobility", "start_date": "2022-05-01", "end_date": "2024-04-30",
        "stop_reason": "The batteries lasted a year instead of five, and cameras do the same without digging.",
        "stage_history": _went("2021-10-04", "2022-01-17", "2022-05-01", more=(
            {"at": "2024-02-12", "from": "running", "to": "stopped", "by": "pilot coordinator",
             "reason": "The batteries lasted a year instead of five, and cameras do the same without digging."},)),
        "lead": "Gemeente Rotterdam, Parkeren", "contact_role": "adviser on parking",
        "partners": "Hogeschool Rotterdam", "budget_band": "50k to 250k", "budget_eur": 210000,
        "technical": _rated(TECHNICAL, "+o--o-", "2024-02-05", maintenance="A battery every year, under the pavement."),
        "human": _rated(HUMAN, "+o+o?", "2024-02-05"),
        "institutional": _rated(INSTITUTIONAL, "-oooo", "2024-02-05"),
    },
)  # fmt: skip
# In the part of the city that the open building data shows; not in the generated one.
DELFSHAVEN: tuple[dict[str, Any], ...] = (
    {
        "at": (90790, 435840), "radius": 150, "name": "Historic Quays Delfshaven", "stage": "running",
        "summary": "Sensors in the old quay walls tell when boats or floods move them.",
        "theme": "climate adaptation", "start_date": "2025-06-01", "end_date": "2027-05-31",
        "stage_history": _went("2024-06-10", "2024-12-02", "2025-06-01",
                               more=(_note("2026-09-07", "running", "Twelve walls are watched."),)),
        "lead": "Gemeente Rotterdam, Stadsbeheer", "contact_role": "manager of quay walls",
        "partners": "Waterschap Schieland; Historisch Delfshaven; TU Delft", "budget_band": "250k to 1M",
        "budget_eur": 780000,
        "data_produced": [_link("datastream", "quay-tilt", "Tilt of quay walls")],
        "technical": _rated(TECHNICAL, "+++oo+", "2026-06-15"),
        "human": _rated(HUMAN, "+oo+?", "2026-06-22"),
        "institutional": _rated(INSTITUTIONAL, "o+oo?", "2026-06-15"),
        "integration": "Tilt, water level and shipping on one clock.",
    },
    {
        "at": (91210, 435690), "radius": 130, "name": "Heat Network Coolhaven", "stage": "proposed",
        "summary": "Warmth from the harbour water for three blocks, tried before the whole district follows.",
        "theme": "energy", "start_date": "2026-12-01", "end_date": "2029-08-31",
        "stage_history": _went("2025-09-15", "2026-06-29"),
        "lead": "Gemeente Rotterdam, Duurzaam", "contact_role": "adviser on heat",
        "partners": "Woonstad Rotterdam; Eneco; Hogeschool Rotterdam", "budget_band": "1M to 5M",
        "budget_eur": 3100000,
        "technical": _rated(TECHNICAL, "oo???o", "2026-06-22"),
        "human": _rated(HUMAN, "?????", ""),
        "institutional": _rated(INSTITUTIONAL, "oo?o?", "2026-06-22"),
    },
)  # fmt: skip
