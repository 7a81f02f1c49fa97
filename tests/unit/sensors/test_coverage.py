"""State over HTTP and stream together: whatever breaks in between, nothing is missed once they are there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.sensors import coverage
from plugin.sensors.coverage import Coverage, Wanted
from plugin.sensors.live import Live
from plugin.twin.sensorthings import Observation
from tests.unit.sensors.made import observed, patient, stream
from tests.unit.sensors.test_live import START, Clock

IDS = ("a", "b")
# seconds: the second one's source is always late
BEHIND = {"a": 0, "b": 900}


class City:
    """A twin with a broker: what is published reaches the stream while it is subscribed and its line is not dead."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.live = Live(clock=self.clock)
        self.coverage = Coverage(push=True, clock=self.clock)
        self.live.add(stream(id) for id in IDS)
        self.published: list[tuple[str, Observation]] = []
        self.received: set[tuple[str, float]] = set()
        self.subscribed = False
        self.line_is_dead = False
        self.on_the_way: list[tuple[str, Observation]] = []
        self.asked: tuple[Wanted, float, list[tuple[str, Observation]] | None] | None = None

    def publish(self, id: str) -> None:
        self.clock.now += 1
        observation = observed(self.clock.now - BEHIND[id], float(len(self.published)))
        self.published.append((id, observation))
        if self.subscribed and not self.line_is_dead:
            self.on_the_way.append((id, observation))

    def deliver(self) -> None:
        for id, observation in self.on_the_way:
            self.live.put(id, observation)
            self.received.add((id, observation.time))
        self.on_the_way = []

    def overtake(self) -> None:
        """The last message comes before those that were sent earlier."""
        for id, observation in self.on_the_way[-1:]:
            self.live.put(id, observation)
            self.received.add((id, observation.time))
        del self.on_the_way[-1:]

    def subscribe(self) -> None:
        if not self.subscribed:
            self.subscribed, self.line_is_dead = True, False
            self.coverage.subscribed()

    def die(self) -> None:
        """The line is dead, and nobody has noticed yet."""
        if self.subscribed and not self.line_is_dead:
            self.line_is_dead = True
            self.on_the_way = []

    def lose(self) -> None:
        if self.subscribed:
            self.die()
            self.subscribed = False
            self.coverage.lost("The broker is away.")
            self.live.mark()

    def ask(self) -> None:
        wanted = self.coverage.next()
        if wanted is not None:
            self.asked = (wanted, self.clock.now, None)

    def read(self) -> None:
        """The server makes its answer; it may take long to arrive."""
        if self.asked and self.asked[2] is None:
            self.asked = (*self.asked[:2], list(self.published))

    def answer(self) -> None:
        self.read()
        if self.asked:
            wanted, at, known = self.asked
            self.asked = None
            missed = self.live.missed()
            self.live.state(dict(known or ()), asked=at)
            if self.coverage.answered(wanted):
                for id, begin in missed.items() if wanted.history else dict.fromkeys(IDS).items():
                    block = [each for owner, each in known or () if owner == id and each.time >= (begin or 0)]
                    self.live.catch_up(id, block, asked=at)
                    self.received |= {(id, each.time) for each in block}
                self.live.unmark(missed)
            if not self.subscribed:
                self.live.mark()

    def fail(self) -> None:
        if self.asked:
            self.coverage.failed(self.asked[0], "The twin is busy.")
            self.asked = None

    def wait(self) -> None:
        self.deliver()
        self.clock.now += 20 if self.line_is_dead else 200


@settings(patient, max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            [
                "publish a",
                "publish b",
                "deliver",
                "overtake",
                "subscribe",
                "die",
                "lose",
                "ask",
                "read",
                "answer",
                "fail",
                "wait",
            ]
        ),
        max_size=80,
    )
)
def test_nothing_is_missed(steps: list[str]) -> None:
    city = City()
    dead_for = 0.0
    for step in steps:
        before = city.clock.now
        name, _, id = step.partition(" ")
        getattr(city, name)(*filter(None, [id]))
        dead_for = dead_for + city.clock.now - before if city.line_is_dead and city.subscribed else 0.0
        if dead_for > 90:
            city.lose()  # that is when MQTT's keep-alive notices
    if city.line_is_dead:
        city.lose()
    city.subscribe()
    while city.coverage.status().phase != coverage.LIVE:
        city.ask()
        city.answer()
        city.wait()
    city.deliver()
    for id in IDS:
        true = [observation for owner, observation in city.published if owner == id]
        found = city.live.latest(id)
        assert found is not None
        assert found.time == (true[-1].time if true else None) and found.value == (true[-1].result if true else None)
    assert city.received >= {(id, observation.time) for id, observation in city.published}


def test_an_answer_that_was_asked_for_before_the_stream_does_not_count() -> None:
    clock = Clock()
    cover = Coverage(push=True, clock=clock)
    assert cover.next() is None  # the stream has a moment to come
    clock.now += 4
    early = cover.next()
    assert early is not None and not early.history and cover.next() is None
    cover.subscribed()
    assert not cover.answered(early)
    again = cover.next()
    assert again is not None and cover.answered(again)
    assert cover.status().phase == coverage.LIVE and cover.next() is None


def test_a_broker_that_refuses_does_not_keep_the_map_empty() -> None:
    clock = Clock()
    cover = Coverage(push=True, clock=clock)
    cover.lost("It refuses the password.")
    wanted = cover.next()
    assert wanted is not None
    cover.answered(wanted)
    status = cover.status()
    assert status.phase == coverage.POLLING
    sentence = status.sentence(0, "broker")
    assert sentence == "No push: the twin is asked every 10 s. It refuses the password."


def test_an_interruption_is_waited_out_then_polled_then_caught_up() -> None:
    clock = Clock()
    cover = Coverage(push=True, clock=clock)
    cover.subscribed()
    first = cover.next()
    assert first is not None and cover.answered(first)
    clock.now += 1000
    cover.lost("Cut.")
    assert cover.status().phase == coverage.INTERRUPTED and cover.next() is None
    clock.now += 31
    assert cover.status().phase == coverage.POLLING
    polled = cover.next()
    assert polled is not None and polled.history
    cover.answered(polled)
    clock.now += 500
    cover.subscribed()
    assert cover.status().phase == coverage.CATCHING_UP
    missed = cover.next()
    assert missed is not None and missed.history
    cover.answered(missed)
    assert cover.status() == coverage.Status(coverage.LIVE, clock.now, 10.0, "")


def test_polling_spares_the_server() -> None:
    clock = Clock()
    cover = Coverage(push=False, clock=clock)
    wanted = cover.next()
    assert wanted is not None
    clock.now += 12  # a slow one
    cover.answered(wanted)
    clock.now += 119
    assert cover.next() is None
    clock.now += 2
    again = cover.next()
    assert again is not None
    pauses = []
    for _ in range(12):
        cover.failed(again, "It is busy.")
        begin = clock.now
        while (again := cover.next()) is None:
            clock.now += 1
        pauses.append(clock.now - begin)
    assert pauses[:3] == [4, 8, 16] and pauses[-1] == 600
    cover.failed(again, "It is busy.", retry_after=3000)
    clock.now += 2999
    assert cover.next() is None
    assert "It is busy." in cover.status().sentence(0, "")


@pytest.mark.parametrize("phase", [coverage.LIVE, coverage.STARTING, coverage.CATCHING_UP, coverage.INTERRUPTED])
def test_each_phase_has_its_sentence(phase: str) -> None:
    status = coverage.Status(phase, START, 10, "")
    assert status.sentence(4999.6, "mqtt.example.org").endswith((".", "…"))
    assert "5,000 messages" in coverage.Status(coverage.LIVE, START, 10, "").sentence(4999.6, "x")


def test_a_subscription_made_anew_without_a_word_of_loss_is_covered_anew() -> None:
    cover = Coverage(push=True, clock=Clock())
    for _ in range(2):
        cover.subscribed()
        wanted = cover.next()
        assert wanted is not None and cover.answered(wanted)
    assert cover.status().phase == coverage.LIVE


def test_what_is_wrong_at_the_start_is_said_first() -> None:
    status = coverage.Status(coverage.STARTING, 0.0, 5.0, "")
    assert status.sentence(0, "mqtt://x") == "Reading what the sensors say…"
    assert replace(status, why="The broker is away.").sentence(0, "mqtt://x") == "The broker is away."
