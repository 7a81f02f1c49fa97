"""The words a pilot is described with: stages, conditions and their criteria, ratings, themes, budget bands.

The words themselves are stored and travel; what a user reads comes from the functions below.
"""

from __future__ import annotations

from ..text import tr

IDEA, PROPOSED, RUNNING, EVALUATED = "idea", "proposed", "running", "evaluated"
SCALING, EMBEDDED, STOPPED = "scaling", "embedded", "stopped"
# in their order; a pilot may stop from any
PATH = (IDEA, PROPOSED, RUNNING, EVALUATED, SCALING, EMBEDDED)
STAGES = (*PATH, STOPPED)

TECHNICAL, HUMAN, INSTITUTIONAL = "technical", "human", "institutional"
CONDITIONS = (TECHNICAL, HUMAN, INSTITUTIONAL)
CRITERIA: dict[str, tuple[str, ...]] = {
    TECHNICAL: ("data standards", "interoperability", "integration", "reuse", "security and privacy", "maintenance"),
    HUMAN: ("skills", "ownership", "leadership", "participants' support", "time"),
    INSTITUTIONAL: (
        "funding beyond the pilot", "rules and procurement", "governance", "coordination between departments",
        "place in the organisation",
    ),
}  # fmt: skip

MET, PARTLY, NOT_MET, UNKNOWN, NOT_APPLICABLE = "met", "partly met", "not met", "unknown", "not applicable"
RATINGS = (MET, PARTLY, NOT_MET, UNKNOWN, NOT_APPLICABLE)
RATED = (MET, PARTLY, NOT_MET)

THEMES = (
    "mobility", "energy", "climate adaptation", "environment", "participation", "construction", "governance",
    "health", "safety", "other",
)  # fmt: skip
# in euros; a band can be told where the exact sum may not
BUDGET_BANDS = ("up to 50k", "50k to 250k", "250k to 1M", "1M to 5M", "over 5M")


def stage_title(stage: str) -> str:
    """The stage in the user's language; a word that is none of ours as it is."""
    titles = {
        IDEA: tr("Idea"),
        PROPOSED: tr("Proposed"),
        RUNNING: tr("Running"),
        EVALUATED: tr("Evaluated"),
        SCALING: tr("Scaling"),
        EMBEDDED: tr("Embedded"),
        STOPPED: tr("Stopped"),
    }
    return titles.get(stage, stage)


def condition_title(condition: str) -> str:
    """One of the three kinds of conditions, in the user's language."""
    titles = {
        TECHNICAL: tr("Technical conditions"),
        HUMAN: tr("Human conditions"),
        INSTITUTIONAL: tr("Institutional conditions"),
    }
    return titles.get(condition, condition)


def criterion_title(criterion: str) -> str:
    """A criterion in the user's language; one that a city added itself, as it is."""
    titles = {
        "data standards": tr("Data standards"),
        "interoperability": tr("Interoperability"),
        "integration": tr("Integration with existing systems"),
        "reuse": tr("Reuse elsewhere"),
        "security and privacy": tr("Security and privacy"),
        "maintenance": tr("Maintenance after the pilot"),
        "skills": tr("Skills"),
        "ownership": tr("Ownership"),
        "leadership": tr("Leadership"),
        "participants' support": tr("Participants' support"),
        "time": tr("Time to take part"),
        "funding beyond the pilot": tr("Funding beyond the pilot"),
        "rules and procurement": tr("Rules and procurement"),
        "governance": tr("Governance"),
        "coordination between departments": tr("Coordination between departments"),
        "place in the organisation": tr("Place in the organisation"),
    }
    return titles.get(criterion, criterion[:1].upper() + criterion[1:])


def rating_title(rating: str) -> str:
    """How a criterion was judged, in the user's language."""
    titles = {
        MET: tr("Met"),
        PARTLY: tr("Partly met"),
        NOT_MET: tr("Not met"),
        UNKNOWN: tr("Unknown"),
        NOT_APPLICABLE: tr("Not applicable"),
    }
    return titles.get(rating, rating)


def theme_title(theme: str) -> str:
    """A theme in the user's language; one that a city added itself, as it is."""
    titles = {
        "mobility": tr("Mobility"),
        "energy": tr("Energy"),
        "climate adaptation": tr("Climate adaptation"),
        "environment": tr("Environment"),
        "participation": tr("Participation"),
        "construction": tr("Construction"),
        "governance": tr("Governance"),
        "health": tr("Health"),
        "safety": tr("Safety"),
        "other": tr("Other"),
    }
    return titles.get(theme, theme[:1].upper() + theme[1:])


def budget_title(band: str) -> str:
    """A budget band in the user's language."""
    titles = {
        "up to 50k": tr("Up to € 50,000"),
        "50k to 250k": tr("€ 50,000 to € 250,000"),
        "250k to 1M": tr("€ 250,000 to € 1 million"),
        "1M to 5M": tr("€ 1 to 5 million"),
        "over 5M": tr("Over € 5 million"),
    }
    return titles.get(band, band)
