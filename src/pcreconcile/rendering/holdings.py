"""What a customer holds, why it counts as that, and the three ways out of each."""

from __future__ import annotations

from collections.abc import Iterator

from pcreconcile.model.explanation import Explanation, Held, Possible, Way, WayInSum, WayOut
from pcreconcile.model.plan import MoneySummary
from pcreconcile.rendering import words
from pcreconcile.rendering.page import BLANK, LABEL_WIDTH, Line, Tone
from pcreconcile.rendering.text import outside, prose

_ANSWERS = {
    Possible.YES: "yes",
    Possible.BY_HAND: "by hand",
    Possible.NO: "no",
    Possible.UNKNOWN: words.UNKNOWN,
}
_SWITCH = {True: "on", False: "off", None: words.UNKNOWN}


def held(found: Explanation) -> Iterator[Line]:
    """Every holding with its state and the evidence for its family and traits."""
    if found.holdings:
        yield BLANK
        yield Line("What it holds", tone=Tone.HEADING)
    for each in found.holdings:
        yield from _held(each, found)


def ways(found: Explanation) -> Iterator[Line]:
    """Cancel, wait, transfer: of each thing in the way, then in sum."""
    blocking = [each for each in found.holdings if each.ways]
    if blocking:
        yield BLANK
        yield Line("The ways out that exist", tone=Tone.HEADING)
    for each in blocking:
        yield Line(words.target_name(each.target), indent=2)
        for way in each.ways:
            yield _point(way.way, _way(way), 4)
    if blocking:
        count = words.counted(len(blocking), "thing")
        yield Line(f"in sum, of {count} in the way or perhaps in the way", indent=2)
    for total in found.ways:
        yield _point(total.way, _in_sum(total), 4)


def _held(one: Held, found: Explanation) -> Iterator[Line]:
    count = "" if one.quantity is None else f"{words.counted(one.quantity, 'seat or licence', 'seats or licences')}, "
    yield Line(f"{words.target_name(one.target)}: {one.family}, {count}{outside(one.status)}", indent=2, mark="- ")
    yield _point("because", prose(one.evidence), 4)
    for trait, evidence in one.traits.items():
        yield _point(trait, prose(evidence), 4)
    if one.target.type == "subscription" and one.quantity is not None:
        yield _point("term", _term(one), 4)
    elif one.term_end is not None:
        yield _point("expires", words.day_time(one.term_end), 4)
    if one.window_closes_at is not None:
        yield _point("window", _window(one, found), 4)
    yield _point("price", prose(one.price) or words.UNKNOWN, 4)


def _term(one: Held) -> str:
    length = outside(one.term) if one.term else "no length named"
    end = f"ends {one.term_end:%Y-%m-%d}" if one.term_end else "names no end"
    told = "no instruction for its end" if one.end_of_term == () else ", ".join(map(outside, one.end_of_term or ()))
    return f"{length}, {end}; auto-renew {_SWITCH[one.auto_renew]}; {told or 'its end-of-term instruction is unknown'}"


def _window(one: Held, found: Explanation) -> str:
    closes = one.window_closes_at
    if closes is None:
        return ""
    return f"{'open until' if closes >= found.created_at else 'closed since'} {words.day_time(closes)}"


def _way(way: WayOut) -> str:
    parts = [_ANSWERS[way.possible], *_facts(way), prose(way.text)]
    if way.rule:
        parts.append(words.rule(way.rule))
    return "; ".join(parts)


def _facts(way: WayOut) -> Iterator[str]:
    if way.until is not None and words.day_time(way.until) not in way.text:
        yield f"until {words.day_time(way.until)}"
    if way.possible is Possible.YES and way.way is Way.WAIT and way.free_on is not None:
        yield f"out of the way on {way.free_on}"
    if way.possible in {Possible.NO, Possible.UNKNOWN}:
        return
    if way.way is Way.CANCEL:
        yield f"gives back {way.money.refund or words.UNKNOWN}"
    if way.way is Way.WAIT:
        yield f"owed until then {way.money.committed or words.UNKNOWN}"
        yield f"each day {way.money.lost_per_day or words.UNKNOWN}"
    if way.way is Way.TRANSFER:
        yield f"saves {way.saves or words.UNKNOWN}"


def _in_sum(total: WayInSum) -> str:
    answers = [f"{_ANSWERS[answer]} {total.answers[answer]}" for answer in Possible if total.answers.get(answer)]
    return "; ".join(filter(None, [", ".join(answers), *_sum_facts(total), prose(total.text)]))


def _sum_facts(total: WayInSum) -> Iterator[str]:
    if total.until is not None:
        yield f"the first window closes {words.day_time(total.until)}"
    if total.way is Way.WAIT:
        yield f"all out of the way on {total.free_on}" if total.free_on else "not all of them end on a known date"
    if not any(total.answers.get(answer) for answer in (Possible.YES, Possible.BY_HAND)):
        return
    yield from _sums(total.way, total.money, total)


def _sums(way: Way, money: MoneySummary, total: WayInSum) -> Iterator[str]:
    if way is Way.CANCEL:
        yield f"gives back {words.summed(money.refund, money.unknown.get('refund', 0))}"
    if way is Way.WAIT:
        yield f"owed until then {words.summed(money.committed, money.unknown.get('committed', 0))}"
        yield f"each day {words.summed(money.lost_per_day, money.unknown.get('lostPerDay', 0))}"
    if way is Way.TRANSFER:
        yield f"saves {words.amounts(total.saves) or words.UNKNOWN}"


def _point(label: str, text: str, indent: int) -> Line:
    return Line(text, indent=indent, mark=label.ljust(LABEL_WIDTH - 2) + "  ")
