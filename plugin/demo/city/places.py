"""What is where in Rotterdam, in EPSG:28992: banks, districts, main streets and landmarks.

Positions were drawn by hand for this project, to a few tens of metres: true enough to recognise the city, no survey.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .plane import Point, Ring

# -- points that several outlines share
HOFPLEIN, CHURCHILLPLEIN, OOSTPLEIN = (92470.0, 437690.0), (92640.0, 436960.0), (93850.0, 437560.0)
EENDRACHTSPLEIN, WEENA_WEST, STATION_SQUARE = (92100.0, 436835.0), (91440.0, 437530.0), (91960.0, 437610.0)
ROCHUSSEN_WEST, ZEEDIJK_WEST, ZEEDIJK_MID = (91430.0, 436600.0), (91450.0, 436120.0), (92040.0, 436060.0)
VASTELAND, ZEEDIJK_EAST = (92760.0, 436285.0), (92350.0, 436150.0)
COOLSINGEL_MID, SCHIEDAMSEDIJK_MID, MAURITSWEG_MID = (92560.0, 437330.0), (92695.0, 436560.0), (91995.0, 437200.0)
BLAAK_MID, BLAAK_EAST, WILLEMSBRUG_NORTH = (92900.0, 437035.0), (93300.0, 437180.0), (93570.0, 436940.0)
MAASBOULEVARD = (93970.0, 437085.0)
POMPENBURG, GOUDSESINGEL = (92850.0, 437700.0), (93300.0, 437610.0)

NORTH_BANK: tuple[Point, ...] = (
    (91150, 435040), (91640, 435240), (91800, 435275), (92250, 435500), (92520, 435650), (92650, 435810),
    (92805, 436040), (92885, 436250), (93070, 436400), (93345, 436765), (93450, 436875), (93580, 436930),
    (93910, 437055), (94200, 437035), (94570, 436925), (94900, 436740),
)  # fmt: skip
SOUTH_BANK: tuple[Point, ...] = (
    (94900, 436400), (94640, 436470), (94400, 436420), (94060, 436250), (93660, 436020), (93430, 435990),
    (93325, 435990), (93135, 435805), (92965, 435610), (92730, 435370), (92755, 435335), (92640, 435200),
    (92340, 434975), (91960, 434725), (91150, 434560),
)  # fmt: skip
ISLAND: tuple[Point, ...] = (
    (93500, 436130), (93570, 436110), (93720, 436165), (94110, 436355), (94420, 436525), (94500, 436610),
    (94440, 436640), (94290, 436630), (93900, 436520), (93630, 436370), (93510, 436190),
)  # fmt: skip


@dataclass(frozen=True)
class Water:
    name: str
    kind: str
    ring: tuple[Point, ...]
    holes: tuple[tuple[Point, ...], ...] = ()


WATERS = (
    Water("Nieuwe Maas", "river", (*NORTH_BANK, *SOUTH_BANK), (ISLAND,)),
    Water("Rijnhaven", "harbour", (
        (92640, 435200), (92755, 435335), (92990, 435430), (93320, 435575), (93465, 435425), (93440, 435230),
        (93230, 435045), (93100, 435040), (92900, 435090),
    )),
    Water("Leuvehaven", "harbour", (
        (92750, 436850), (92835, 436870), (92865, 436560), (92925, 436285), (92885, 436250), (92830, 436330),
        (92790, 436560),
    )),
    Water("Wijnhaven", "harbour", ((92930, 436850), (92955, 436800), (93270, 436925), (93250, 436980))),
    Water("Oude Haven", "harbour", (
        (93370, 437040), (93420, 437120), (93500, 437075), (93455, 436985), (93490, 436895), (93450, 436875),
        (93405, 436975),
    )),
    Water("Westersingel", "canal", (
        (92088, 436770), (92106, 436766), (92062, 436400), (92042, 436180), (92024, 436182), (92044, 436402),
    )),
    Water("Vijver in Het Park", "pond", (
        (91790, 435620), (91850, 435640), (91960, 435600), (91990, 435640), (91930, 435700), (91840, 435700),
        (91770, 435670),
    )),
)  # fmt: skip


@dataclass(frozen=True)
class District:
    """A district and the way it is built: its grid's ``angle`` in degrees, its ``blocks`` in metres, its storeys."""

    code: str
    name: str
    part: str
    inhabitants: int
    ring: tuple[Point, ...]
    angle: float
    blocks: tuple[float, float]
    style: str  # old, rebuilt, centre, towers, campus, park
    storeys: tuple[int, int]
    years: tuple[int, int]
    streets: tuple[str, ...]


DISTRICTS = (
    District("CSK", "CS-kwartier", "Centrum", 1_240, (
        WEENA_WEST, STATION_SQUARE, HOFPLEIN, (92600, 437860), (92400, 437915), (92100, 437905), (91830, 437870),
        (91420, 437745),
    ), 9, (95, 78), "towers", (6, 16), (1955, 2022),
        ("Conradstraat", "Delftsestraat", "Poortstraat", "Schaatsbaan", "Stationsplein", "Delftseplein")),
    District("OWE", "Oude Westen", "Centrum", 9_690, (
        WEENA_WEST, (91465, 437380), (91440, 437200), (91405, 436900), ROCHUSSEN_WEST, EENDRACHTSPLEIN, MAURITSWEG_MID,
        STATION_SQUARE,
    ), 12, (112, 68), "old", (3, 5), (1880, 1935),
        ("West-Kruiskade", "Gouvernestraat", "Josephstraat", "Nieuwe Binnenweg", "Sint-Mariastraat", "Adrianastraat",
         "Bloemkwekersstraat", "Gaffelstraat", "Drievriendenstraat", "Kogelvangerstraat", "Zwaerdecroonstraat",
         "Batavierenstraat", "Anna Paulownastraat", "Akeleistraat", "Hobokenstraat")),
    District("COO", "Cool", "Centrum", 5_480, (
        STATION_SQUARE, MAURITSWEG_MID, EENDRACHTSPLEIN, CHURCHILLPLEIN, COOLSINGEL_MID, HOFPLEIN,
    ), 10, (104, 80), "centre", (5, 13), (1949, 2018),
        ("Lijnbaan", "Karel Doormanstraat", "Kruiskade", "Mauritsstraat", "Aert van Nesstraat",
         "Van Oldenbarneveltplaats",
         "Joost Banckertsplaats", "Korte Lijnbaan", "Crispijnstraat", "Schouwburgplein", "Westewagenstraat")),
    District("WDW", "Witte de Withkwartier", "Centrum", 4_060, (
        EENDRACHTSPLEIN, ZEEDIJK_MID, ZEEDIJK_EAST, VASTELAND, SCHIEDAMSEDIJK_MID, CHURCHILLPLEIN,
    ), 14, (104, 70), "rebuilt", (4, 8), (1900, 1995),
        ("Witte de Withstraat", "Schilderstraat", "Hartmansstraat", "Eendrachtsstraat", "Zwarte Paardenstraat",
         "Wijnbrugstraat",
         "Houtlaan", "Boomgaardsstraat", "Nieuwstraat", "Witte Huisstraat")),
    District("DIJ", "Dijkzigt", "Centrum", 870, (
        ROCHUSSEN_WEST, (91455, 436350), ZEEDIJK_WEST, ZEEDIJK_MID, EENDRACHTSPLEIN,
    ), 8, (150, 120), "campus", (3, 9), (1935, 2021),
        ("Museumpark", "Wytemaweg", "Zimmermanweg", "Jongkindstraat", "Mathenesserlaan", "Dr. Molewaterplein")),
    District("LAU", "Laurenskwartier", "Centrum", 6_930, (
        HOFPLEIN, COOLSINGEL_MID, CHURCHILLPLEIN, BLAAK_MID, BLAAK_EAST, (93430, 437260), OOSTPLEIN, GOUDSESINGEL,
        POMPENBURG,
    ), 17, (96, 70), "centre", (5, 12), (1950, 2019),
        ("Hoogstraat", "Meent", "Botersloot", "Westewagenstraat", "Pannekoekstraat", "Kipstraat", "Grotekerkplein",
         "Delftsevaart", "Haagseveer", "Nieuwemarkt", "Binnenrotte", "Sint-Laurensplaats", "Lombardkade")),
    District("MAR", "Maritiem District", "Centrum", 4_310, (
        CHURCHILLPLEIN, SCHIEDAMSEDIJK_MID, VASTELAND, (92895, 436280), (93055, 436415), (93330, 436780),
        (93440, 436888), WILLEMSBRUG_NORTH, (93500, 437175), BLAAK_EAST, BLAAK_MID,
    ), 21, (74, 58), "towers", (6, 17), (1955, 2021),
        ("Wijnstraat", "Wijnhaven", "Glashaven", "Bierstraat", "Scheepmakershaven", "Posthoornstraat",
         "Regentessestraat",
         "Houttuin", "Leuvekolk", "Terwenakker")),
    District("NIH", "Nieuwehaven", "Centrum", 5_120, (
        BLAAK_EAST, (93500, 437175), WILLEMSBRUG_NORTH, (93640, 436962), (93905, 437070), MAASBOULEVARD, OOSTPLEIN,
        (93430, 437260),
    ), 28, (112, 68), "rebuilt", (4, 8), (1950, 1990),
        ("Nieuwehaven", "Haringvliet", "Groenendaal", "Oostmolenstraat", "Buizenwerf", "Spaansekade", "Kattenburg",
         "Geldersekade", "Hoogstraat", "Burgemeester Oudlaan")),
    District("SCH", "Scheepvaartkwartier", "Centrum", 2_050, (
        ZEEDIJK_MID, (92215, 435510), (92260, 435520), (92510, 435668), (92635, 435820), (92790, 436050),
        (92870, 436255), VASTELAND, ZEEDIJK_EAST,
    ), 24, (108, 72), "old", (3, 5), (1850, 1935),
        ("Westplein", "Scheepstimmermanslaan", "Javastraat", "Calandstraat", "Willemskade", "Veerhaven", "Westerlaan",
         "Parklaan", "Houtlaan", "Van Vollenhovenstraat")),
    District("PAR", "Het Park", "Centrum", 90, (
        ZEEDIJK_WEST, (91560, 435700), (91650, 435265), (91800, 435295), (92215, 435510), ZEEDIJK_MID,
    ), 20, (120, 120), "park", (1, 2), (1852, 1960), ("Baden Powelllaan", "Kievitslaan")),
    District("STR", "Struisenburg", "Kralingen-Crooswijk", 5_840, (
        OOSTPLEIN, MAASBOULEVARD, (94200, 437060), (94570, 436950), (94640, 437420), (94300, 437560),
    ), 20, (108, 68), "rebuilt", (4, 7), (1920, 1998),
        ("Oostzeedijk", "Admiraliteitskade", "Infirmeriestraat", "Oostmaaslaan", "Plantageweg", "Willem Ruyslaan",
         "Sint-Josephstraat", "Vijverhofstraat")),
    District("NOO", "Noordereiland", "Feijenoord", 3_290, ISLAND, 24.5, (78, 58), "old", (3, 5), (1875, 1930),
        ("Prins Hendrikkade", "Burgemeester Hoffmanplein", "Meeuwenstraat", "Sleephellingstraat", "Van der Takstraat",
         "Roentgenstraat", "De Ruyterstraat", "Feijenoordkade", "Antwerpse Hoofd")),
    District("KVZ", "Kop van Zuid", "Feijenoord", 4_820, (
        (92738, 435372), (92970, 435600), (93140, 435795), (93328, 435980), (93430, 435980), (93660, 436010),
        (93905, 435830),
        (93760, 435520), (93490, 435430), (93330, 435592), (92985, 435444), (92760, 435350),
    ), 41, (84, 66), "towers", (7, 18), (1993, 2022),
        ("Otto Reuchlinweg", "Wilhelminakade", "Cruise Terminalplein", "Wilhelminaplein", "Stieltjesstraat",
         "Laan op Zuid",
         "Holland Amerikakade", "Lodewijk Pincoffsweg", "Rijnhavenkade", "Antoine Platekade")),
    District("FEI", "Feijenoord", "Feijenoord", 7_370, (
        (93660, 436010), (94060, 436238), (94400, 436408), (94640, 436458), (94760, 436200), (94700, 435760),
        (94250, 435560),
        (93760, 435520), (93905, 435830),
    ), 27, (110, 66), "rebuilt", (3, 6), (1895, 1995),
        ("Oranjeboomstraat", "Roentgenstraat", "Rosestraat", "Persoonsdam", "Nassauhaven", "Zinkerweg", "Piekstraat",
         "Damstraat", "Steven Hoogendijkstraat", "Feijenoorddijk", "Nijverheidstraat")),
    District("KAT", "Katendrecht", "Feijenoord", 4_910, (
        (91975, 434720), (92340, 434960), (92642, 435188), (92898, 435075), (93100, 435025), (93215, 435032),
        (93160, 434820),
        (92800, 434700), (92300, 434600),
    ), 26, (104, 64), "old", (3, 5), (1895, 2018),
        ("Delistraat", "Atjehstraat", "Sumatraweg", "Brede Hilledijk", "Tolhuislaan", "Veerlaan", "Rechthuislaan",
         "Lombokstraat", "Silostraat", "Deliplein")),
    District("AFR", "Afrikaanderwijk", "Feijenoord", 8_160, (
        (93215, 435032), (93450, 435220), (93490, 435430), (93760, 435520), (94250, 435560), (94180, 435080),
        (93850, 434760), (93160, 434820),
    ), 15, (118, 64), "old", (3, 4), (1905, 1990),
        ("Pretorialaan", "Bloemfonteinstraat", "Paul Krugerstraat", "Joubertstraat", "Cronjéstraat", "Bothastraat",
         "Transvaalstraat", "Tweebosstraat", "Hilledijk", "Martinus Steijnstraat", "Riebeekstraat")),
)  # fmt: skip

# Main streets: name, kind, maximum speed in km/h, line.
MAIN_STREETS: tuple[tuple[str, str, int, tuple[Point, ...]], ...] = (
    ("Weena", "main road", 50, (WEENA_WEST, STATION_SQUARE, HOFPLEIN)),
    ("Coolsingel", "main road", 30, (HOFPLEIN, COOLSINGEL_MID, CHURCHILLPLEIN)),
    ("Schiedamsedijk", "main road", 50, (CHURCHILLPLEIN, SCHIEDAMSEDIJK_MID, VASTELAND)),
    ("Westblaak", "main road", 50, (EENDRACHTSPLEIN, CHURCHILLPLEIN)),
    ("Rochussenstraat", "main road", 50, (ROCHUSSEN_WEST, EENDRACHTSPLEIN)),
    ("Blaak", "main road", 50, (CHURCHILLPLEIN, BLAAK_MID, BLAAK_EAST)),
    ("Mariniersweg", "main road", 50, (BLAAK_EAST, (93430, 437260), OOSTPLEIN)),
    ("Mauritsweg", "main road", 50, (STATION_SQUARE, MAURITSWEG_MID, EENDRACHTSPLEIN)),
    ("Westersingel", "main road", 30, (EENDRACHTSPLEIN, ZEEDIJK_MID)),
    ("Pompenburg", "main road", 50, (HOFPLEIN, POMPENBURG)),
    ("Goudsesingel", "main road", 50, (POMPENBURG, GOUDSESINGEL, OOSTPLEIN)),
    ("Westzeedijk", "main road", 50, (ZEEDIJK_WEST, ZEEDIJK_MID, ZEEDIJK_EAST)),
    ("Vasteland", "main road", 50, (ZEEDIJK_EAST, VASTELAND)),
    ("'s-Gravendijkwal", "main road", 50, (
        (91420, 437745), WEENA_WEST, (91465, 437380), (91440, 437200), (91405, 436900), ROCHUSSEN_WEST, (91455, 436350),
        ZEEDIJK_WEST,
    )),
    ("Provenierssingel", "street", 30, (
        (91420, 437745), (91830, 437870), (92100, 437905), (92400, 437915), (92600, 437860), HOFPLEIN,
    )),
    ("Boompjes", "quay", 50, (
        (92870, 436255), (92895, 436280), (93055, 436415), (93330, 436780), (93440, 436888), WILLEMSBRUG_NORTH,
    )),
    ("Maasboulevard", "quay", 70, (
        WILLEMSBRUG_NORTH, (93640, 436962), (93905, 437070), MAASBOULEVARD, (94200, 437060), (94570, 436950),
    )),
    ("Oostplein", "main road", 50, (OOSTPLEIN, MAASBOULEVARD)),
    ("Oostzeedijk", "main road", 50, (OOSTPLEIN, (94300, 437560), (94640, 437420))),
    ("Westerkade", "quay", 30, ((92260, 435520), (92510, 435668), (92635, 435820), (92790, 436050), (92870, 436255))),
    ("Parkhaven", "quay", 30, (ZEEDIJK_WEST, (91560, 435700), (91650, 435265), (91800, 435295), (92215, 435510))),
    ("Kievitslaan", "street", 30, (ZEEDIJK_MID, (92215, 435510))),
    ("Erasmusbrug", "bridge", 50, (VASTELAND, (92870, 436215), (93250, 435850), (93330, 435790))),
    ("Willemsbrug", "bridge", 50, (BLAAK_EAST, (93500, 437175), WILLEMSBRUG_NORTH, (93690, 436680), (93790, 436440))),
    ("Koninginnebrug", "bridge", 30, ((93790, 436440), (93880, 436240), (93990, 436090))),
    ("Rijnhavenbrug", "bridge", 15, ((92830, 435385), (92770, 435145))),
    ("Laan op Zuid", "main road", 50, ((93330, 435790), (93440, 435710), (93760, 435520), (94180, 435080))),
    ("Posthumalaan", "main road", 50, ((93330, 435790), (93490, 435430), (93450, 435220), (93215, 435032))),
    ("Rosestraat", "main road", 50, ((93760, 435520), (93905, 435830), (93990, 436090))),
    ("Wilhelminakade", "quay", 30, (
        (92738, 435372), (92970, 435600), (93140, 435795), (93328, 435980), (93430, 435980), (93660, 436010),
    )),
    ("Maashavenkade", "main road", 50, ((92300, 434600), (92800, 434700), (93160, 434820), (93850, 434760))),
    ("Prins Hendrikkade", "quay", 30, (*ISLAND, ISLAND[0])),
)  # fmt: skip


@dataclass(frozen=True)
class Landmark:
    """A known building: where, how long and wide in metres, turned by ``angle``, how high."""

    name: str
    at: Point
    size: tuple[float, float]
    angle: float
    height: float
    function: str
    year: int
    round: bool = False


LANDMARKS = (
    Landmark("Rotterdam Centraal", (91850, 437775), (250, 74), 12, 23, "transport", 2014),
    Landmark("Euromast", (91652, 435613), (18, 18), 0, 185, "culture", 1960, True),
    Landmark("De Rotterdam", (93130, 435704), (100, 42), 47, 149, "mixed", 2013),
    Landmark("Maastoren", (93490, 435895), (38, 38), 20, 165, "office", 2010),
    Landmark("De Zalmhaven I", (92690, 436185), (34, 34), 16, 215, "residential", 2022),
    Landmark("Hotel New York", (92830, 435442), (58, 20), 41, 30, "hospitality", 1901),
    Landmark("World Port Center", (92905, 435508), (38, 34), 41, 134, "office", 2001),
    Landmark("Montevideo", (92960, 435490), (40, 28), 41, 140, "residential", 2005),
    Landmark("New Orleans", (93010, 435535), (31, 31), 41, 158, "residential", 2010),
    Landmark("Cruise Terminal", (93010, 435612), (120, 34), 46, 14, "transport", 1949),
    Landmark("KPN-toren", (93188, 435818), (36, 32), 41, 97, "office", 2000),
    Landmark("Luxor Theater", (93300, 435680), (62, 46), 24, 40, "culture", 2001),
    Landmark("Markthal", (93062, 437214), (110, 70), 17, 40, "mixed", 2014),
    Landmark("Laurenskerk", (92955, 437375), (82, 40), 17, 65, "religious", 1525),
    Landmark("Kubuswoningen", (93345, 437115), (62, 30), 21, 22, "residential", 1984),
    Landmark("Station Blaak", (93215, 437245), (62, 34), 17, 18, "transport", 1993),
    Landmark("Witte Huis", (93335, 437025), (20, 20), 21, 43, "office", 1898),
    Landmark("The Red Apple", (93300, 436835), (30, 26), 40, 124, "residential", 2009),
    Landmark("Stadhuis", (92590, 437520), (86, 76), 10, 71, "office", 1920),
    Landmark("Timmerhuis", (92710, 437460), (78, 60), 10, 60, "mixed", 2015),
    Landmark("WTC Rotterdam", (92655, 437140), (96, 42), 12, 93, "office", 1986),
    Landmark("Delftse Poort", (92100, 437690), (62, 28), 9, 151, "office", 1991),
    Landmark("Millenniumtoren", (91895, 437650), (42, 36), 9, 131, "mixed", 2000),
    Landmark("FIRST Rotterdam", (92330, 437590), (52, 40), 9, 128, "office", 2015),
    Landmark("De Doelen", (92155, 437470), (100, 68), 9, 28, "culture", 1966),
    Landmark("Schouwburg Rotterdam", (92110, 437345), (76, 44), 9, 31, "culture", 1988),
    Landmark("Depot Boijmans Van Beuningen", (91960, 436560), (46, 46), 0, 39, "culture", 2021, True),
    Landmark("Museum Boijmans Van Beuningen", (91965, 436660), (104, 56), 8, 24, "culture", 1935),
    Landmark("Erasmus MC", (91700, 436330), (170, 110), 8, 120, "health", 2017),
    Landmark("Kunsthal", (91920, 436135), (62, 60), 8, 16, "culture", 1992),
    Landmark("Maritiem Museum", (92712, 436905), (60, 36), 14, 20, "culture", 1986),
    Landmark("Fenix", (92820, 435075), (150, 36), -14, 28, "culture", 2025),
)


def outline(landmark: Landmark) -> Ring:
    """A landmark's footprint."""
    x, y = landmark.at
    turn = math.radians(landmark.angle)
    half_u, half_v = landmark.size[0] / 2, landmark.size[1] / 2
    if landmark.round:
        return [(x + half_u * math.cos(k * math.pi / 12), y + half_v * math.sin(k * math.pi / 12)) for k in range(24)]
    corners = ((-half_u, -half_v), (half_u, -half_v), (half_u, half_v), (-half_u, half_v))
    return [
        (x + u * math.cos(turn) - v * math.sin(turn), y + u * math.sin(turn) + v * math.cos(turn)) for u, v in corners
    ]


# Where the city is tall: places with the storeys they add and how far they reach in metres.
PEAKS: tuple[tuple[Point, float, float], ...] = (
    ((92150, 437620), 12, 330), ((92560, 437200), 6, 420), ((93080, 435700), 16, 260), ((93180, 436750), 12, 260),
    ((93480, 435880), 10, 190), ((92720, 436230), 10, 160), ((91700, 436330), 5, 220),
)  # fmt: skip
