"""From a question to its explanation."""

from chain.monitor.explain.cell import explain_cell
from chain.monitor.explain.explanation import Explanation
from chain.monitor.explain.question import Question


def explain(question: Question) -> Explanation:
    """Return where a number on screen comes from; it decodes the snapshot that is shown, which takes milliseconds."""
    return explain_cell(question, question.subject)
