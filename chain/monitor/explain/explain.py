"""From a question to its explanation."""

from typing import assert_never

from chain.monitor.explain.explanation import Explanation
from chain.monitor.explain.question import CellOf, ChainOf, MeasureOf, Question, StraddleOf, TileOf
from chain.monitor.explain.subjects.cell import explain_cell
from chain.monitor.explain.subjects.chain import explain_chain
from chain.monitor.explain.subjects.measure import explain_measure
from chain.monitor.explain.subjects.straddle import explain_straddle
from chain.monitor.explain.subjects.tile import explain_tile


def explain(question: Question) -> Explanation:
    """Return where a number on screen comes from.

    It decodes the snapshots that the number is made of, which takes milliseconds each.
    """
    match question.subject:
        case CellOf():
            return explain_cell(question, question.subject)
        case MeasureOf():
            return explain_measure(question, question.subject)
        case StraddleOf():
            return explain_straddle(question, question.subject)
        case ChainOf():
            return explain_chain(question)
        case TileOf():
            return explain_tile(question, question.subject)
        case never:
            assert_never(never)
