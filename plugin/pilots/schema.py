"""The schema of the collection ``pilots``, as a twin should serve it: docs/pilots.md says the same in prose.

Structured parts are JSON: arrays in the twin, JSON text in the working copy's GeoPackage. Each of the three conditions
has a column of its own, and so have history and links, so that a merge by columns seldom finds two people in one
cell; where it does, `combine` merges inside the cell.
"""

from __future__ import annotations

from ..text import tr
from ..twin.model import Property, Schema
from . import vocabulary as words

COLLECTION = "pilots"
GEOMETRY_TYPE = "MultiPolygon"  # a set of blocks is one pilot

NAME, SUMMARY, THEME, STAGE, STOP_REASON = "name", "summary", "theme", "stage", "stop_reason"
HISTORY, START, END = "stage_history", "start_date", "end_date"
LEAD, PARTNERS, CONTACT = "lead", "partners", "contact_role"
BAND, BUDGET = "budget_band", "budget_eur"
DATA_USED, DATA_PRODUCED = "data_used", "data_produced"
INTEGRATION, COLLABORATION = "integration", "collaboration"
AREA = "area_m2"

# the columns that hold JSON
STRUCTURED = (HISTORY, DATA_USED, DATA_PRODUCED, *words.CONDITIONS)
# what people write freely: no personal data belongs there
FREE_TEXT = (NAME, SUMMARY, STOP_REASON, LEAD, PARTNERS, CONTACT, INTEGRATION, COLLABORATION, *STRUCTURED)


def title(column: str) -> str:
    """What a column is called, in the user's language; a column that is none of ours as it is."""
    titles = {
        NAME: tr("Title"),
        SUMMARY: tr("Summary"),
        THEME: tr("Theme"),
        STAGE: tr("Stage"),
        STOP_REASON: tr("Why it stopped"),
        HISTORY: tr("Stage history"),
        START: tr("Starts on"),
        END: tr("Ends on"),
        LEAD: tr("Lead"),
        PARTNERS: tr("Partners"),
        CONTACT: tr("Contact role"),
        BAND: tr("Budget band"),
        BUDGET: tr("Budget"),
        DATA_USED: tr("Data used"),
        DATA_PRODUCED: tr("Data produced"),
        INTEGRATION: tr("Integration through the platform"),
        COLLABORATION: tr("Collaboration through the platform"),
        AREA: tr("Area"),
        "geom": tr("Area on the map"),
    }
    return titles.get(column) or words.condition_title(column)


def schema() -> Schema:
    """The collection's schema, titles in English whatever the user speaks: it is the twin's document."""
    return Schema(
        (
            Property(NAME, "string", "Title", required=True, nullable=False, max_length=120),
            Property(SUMMARY, "string", "Summary", "What is tried, for whom, in a few sentences", max_length=2000),
            Property(THEME, "string", "Theme", enum=words.THEMES),
            Property(STAGE, "string", "Stage", required=True, nullable=False, enum=words.STAGES),
            Property(STOP_REASON, "string", "Why it stopped", max_length=1000),
            Property(HISTORY, "array", "Stage history", "Changes of stage and signs of life, each with its date"),
            Property(START, "date", "Starts on"),
            Property(END, "date", "Ends on"),
            Property(LEAD, "string", "Lead", "The organisation or department that leads", max_length=120),
            Property(PARTNERS, "string", "Partners", "Organisations, separated by semicolons", max_length=500),
            Property(CONTACT, "string", "Contact role", "A role, never a person", max_length=120),
            Property(BAND, "string", "Budget band", "In euros", enum=words.BUDGET_BANDS),
            Property(BUDGET, "number", "Budget", "The exact sum, where it may be told", minimum=0, unit="€"),
            Property(DATA_USED, "array", "Data used", "Links to collections and datastreams"),
            Property(DATA_PRODUCED, "array", "Data produced", "Links to collections and datastreams"),
            Property("technical", "array", "Technical conditions", "For scaling up: criteria with rating and evidence"),
            Property("human", "array", "Human conditions", "For scaling up: what a meeting found, with evidence"),
            Property(
                "institutional",
                "array",
                "Institutional conditions",
                "For scaling up: criteria with rating and evidence",
            ),
            Property(INTEGRATION, "string", "Integration through the platform",
                     "What the twin contributes by bringing technology together", max_length=1000),
            Property(COLLABORATION, "string", "Collaboration through the platform",
                     "What the twin contributes by bringing people together", max_length=1000),
            Property(AREA, "number", "Area", "Worked out by the server", read_only=True, unit="m²"),
        ),
        GEOMETRY_TYPE,
        geometry_required=True,
    )  # fmt: skip
