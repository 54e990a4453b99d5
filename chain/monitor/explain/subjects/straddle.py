"""A straddle at any strike of an expiration: call and put by the chain's kind of price, and where each stands."""

from chain.monitor.explain.explanation import Explanation, Section, number, section
from chain.monitor.explain.origin import snapshot_section
from chain.monitor.explain.payload import Payload
from chain.monitor.explain.question import Question, StraddleOf
from chain.monitor.explain.subjects.contracts import PRICES, facts_at
from chain.monitor.explain.subjects.measure import derive_asked, slice_asked

_NO_STRIKE = "the slice does not reach so far"


def explain_straddle(question: Question, asked: StraddleOf) -> Explanation:
    """Return where the straddle at a strike comes from."""
    at = "" if asked.strike is None else f" {asked.strike:g}"
    title = f"{question.chain} straddle{at}"
    if question.good is None:
        return Explanation(title, None, (snapshot_section(question),))
    payload = Payload.of(question.good.snapshot)
    derived = derive_asked(question, payload)
    chain = slice_asked(question, derived.grid)
    found = next((each for each in derived.measures.straddles if each.strike == asked.strike), None)
    root = next((row.root for row in chain.rows if row.strike == asked.strike), "")
    value = found.value if found else None
    why = _NO_STRIKE if asked.strike is None else f"no contract at {asked.strike:g} is listed"
    if found:
        why = "it needs a price on both sides" if None in (found.call, found.put) else "its prices are absurd"
    sections = [
        section(
            "VALUE",
            ("value", "" if value is None else f"{number(value)} points"),
            ("missing", "" if value is not None else why),
            ("formula", f"call + put, {chain.source}"),
            ("call", number(found.call) if found else ""),
            ("put", number(found.put) if found else ""),
            ("iv", f"{number(found.iv)}, the mean of the vendor's IV of both" if found else ""),
        )
    ]
    if found is not None:
        facts = facts_at(question, payload, [(found.strike, root)], (*PRICES[chain.source], "iv"))
        sections.append(Section("CONTRACTS", tuple(facts)))
    return Explanation(title, value, (*sections, snapshot_section(question)))
