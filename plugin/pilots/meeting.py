"""Human conditions as questions for a meeting: people in a room, not a score.

The agenda asks about each human condition, those open first, and ends with a decision. What was found goes back into
the assessment by hand, as evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from ..text import tr
from . import vocabulary as words
from .conditions import criteria_of
from .fading import RULES, Rules, fading
from .parts import Assessment
from .record import Pilot

_OPEN, _SETTLED = 15, 5  # minutes for a condition that is open, and for one that was found to be met


@dataclass(frozen=True)
class Topic:
    """One point of the agenda. ``known``: what was found before, as sentences; ``minutes``: a proposal."""

    title: str
    minutes: int
    questions: tuple[str, ...]
    known: tuple[str, ...] = ()
    criterion: str = ""


@dataclass(frozen=True)
class Agenda:
    """A meeting about one pilot, to print. ``people``: roles and organisations to invite. ``day``, ``begins`` and
    ``place`` are None and "" until somebody has agreed on them."""

    pilot: str
    title: str
    purpose: str
    people: tuple[str, ...]
    topics: tuple[Topic, ...]
    day: date | None = None
    begins: time | None = None
    place: str = ""

    @property
    def minutes(self) -> int:
        return sum(topic.minutes for topic in self.topics)

    def clock(self) -> tuple[tuple[str, str], ...]:
        """From when to when each topic is talked about, as "14:05"; empty where nobody knows when it begins."""
        if self.begins is None:
            return ()
        now, out = datetime.combine(self.day or date(2000, 1, 1), self.begins), []
        for topic in self.topics:
            end = now + timedelta(minutes=topic.minutes)
            out.append((f"{now:%H:%M}", f"{end:%H:%M}"))
            now = end
        return tuple(out)

    def when(self) -> str:
        """Day and hours, as far as they are known."""
        hours = self.clock()
        parts = [self.day.isoformat() if self.day else "", f"{hours[0][0]}–{hours[-1][1]}" if hours else ""]
        return ", ".join(part for part in parts if part)

    def text(self) -> str:
        """The agenda as Markdown."""
        who, found = tr("Who"), tr("Found")
        action = tr("Who does what, until when")
        lines = [f"# {self.title}", "", self.purpose, ""]
        lines += [tr("When: {when}", when=self.when()), ""] if self.when() else []
        lines += [tr("Where: {place}", place=self.place), ""] if self.place else []
        lines += [tr("Time: {n} minutes", n=self.minutes), ""]
        lines += [f"## {who}", "", *(f"- {one}" for one in self.people), ""]
        for place, topic in enumerate(self.topics, 1):
            time = tr("{n} min", n=topic.minutes)
            lines += [f"## {place}. {topic.title} ({time})", ""]
            lines += [*(f"> {known}" for known in topic.known), ""] if topic.known else []
            lines += [*(f"- {question}" for question in topic.questions), ""]
            lines += [f"{found}: {'.' * 60}", "", f"{action}: {'.' * 40}", ""]
        return "\n".join(lines)


def agenda(pilot: Pilot, today: date, rules: Rules = RULES) -> Agenda:
    """The meeting that a pilot needs: its human conditions, open ones first, then what to decide."""
    human = [one for one in criteria_of(pilot, words.HUMAN) if one.rating != words.NOT_APPLICABLE]
    order = {words.NOT_MET: 0, words.UNKNOWN: 1, words.PARTLY: 2, words.MET: 3}
    human.sort(key=lambda one: order.get(one.rating, 1))
    topics = [_opening(pilot, today, rules), *(_topic(one) for one in human), _decision(pilot)]
    return Agenda(
        pilot.key,
        tr("Meeting about {name}", name=pilot.label),
        tr("What do the people around this pilot need, for it to go on after the pilot?"),
        tuple(_people(pilot)),
        tuple(topics),
    )


def planned(
    agenda: Agenda,
    *,
    day: date | None,
    begins: time | None,
    place: str,
    people: Iterable[str],
    minutes: Mapping[int, int],
) -> Agenda:
    """``agenda`` as somebody plans it. ``minutes``: of the topics that are kept, by their number from 0."""
    topics = tuple(replace(topic, minutes=minutes[at]) for at, topic in enumerate(agenda.topics) if at in minutes)
    invited = tuple(dict.fromkeys(one.strip() for one in people if one.strip()))
    return replace(agenda, day=day, begins=begins, place=place.strip(), people=invited, topics=topics)


def questions_for(criterion: str) -> tuple[str, ...]:
    """What to ask about a human condition; a city's own criterion is asked about in general."""
    asked = {
        "skills": (
            tr("What can people do now that they could not do before the pilot?"),
            tr("Who could run this without the people who are here today?"),
            tr("What would somebody have to learn first, and from whom?"),
        ),
        "ownership": (
            tr("Whose is this, when the pilot is over?"),
            tr("Who is called when it does not work, and who says yes to a change?"),
            tr("Does that person know, and want it?"),
        ),
        "leadership": (
            tr("Who stands up for this where money and people are decided?"),
            tr("What happens to it when that person leaves?"),
            tr("What would make it easier to defend?"),
        ),
        "participants' support": (
            tr("What do those who live or work here get from it, in their own words?"),
            tr("Who has not been heard yet?"),
            tr("What have we done with what they told us?"),
        ),
        "time": (
            tr("Who does this beside other work, and for how long does that go well?"),
            tr("What can we leave out?"),
        ),
    }
    own = (tr("How does this stand, in your experience?"), tr("What would have to change?"))
    return asked.get(criterion, own)


def _topic(one: Assessment) -> Topic:
    settled = one.rating == words.MET
    questions = questions_for(one.criterion)
    if settled:
        questions = (tr("Is this still so? What could change it?"),)
    elif one.rating in (words.NOT_MET, words.PARTLY):
        questions = (*questions, tr("What is the smallest step that would help, and who takes it?"))
    minutes = _SETTLED if settled else _OPEN
    return Topic(words.criterion_title(one.criterion), minutes, questions, tuple(_known(one)), one.criterion)


def _known(one: Assessment) -> Iterator[str]:
    if one.is_rated:
        day = one.on.isoformat() if one.on else tr("without date")
        yield tr("Found before ({day}): {rating}", day=day, rating=words.rating_title(one.rating))
    else:
        yield tr("Not talked about yet")
    if one.evidence:
        yield one.evidence


def _opening(pilot: Pilot, today: date, rules: Rules) -> Topic:
    known = [pilot.summary] if pilot.summary else []
    known.append(tr("Stage: {stage}", stage=words.stage_title(pilot.stage)))
    known += [reason.sentence for reason in fading(pilot, today, rules)]
    questions = (
        tr("What has happened since we last met that everybody should know?"),
        tr("Looking at the map together: do we all see the same pilot?"),
    )
    return Topic(tr("Where We Stand"), 10, questions, tuple(known))


def _decision(pilot: Pilot) -> Topic:
    asked = {
        words.IDEA: tr("Do we propose it? Who writes it down?"),
        words.PROPOSED: tr("Do we start? What must be in place on the first day?"),
        words.RUNNING: tr("Do we go on, change course, or stop? When do we evaluate, and against what?"),
        words.EVALUATED: tr("Does it scale up, or does it stop? Who decides, and on what day?"),
        words.SCALING: tr("Where does it go next, and who receives it there?"),
        words.EMBEDDED: tr("What can other pilots learn from this one?"),
        words.STOPPED: tr("What did we learn, and who should hear of it?"),
    }
    first = asked.get(pilot.stage, tr("What do we decide today?"))
    return Topic(tr("What We Decide"), 15, (first, tr("When do we meet again?")))


def _people(pilot: Pilot) -> Iterator[str]:
    if pilot.lead:
        yield f"{pilot.lead} ({pilot.contact})" if pilot.contact else pilot.lead
    yield from pilot.partners
    yield tr("Somebody of those who live or work in the area")
    yield tr("Whoever would receive it after the pilot")
