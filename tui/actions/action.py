"""What an action is: a name, keys, what is called, and its words in help, key bar and palette."""

from enum import Enum, auto

from msgspec import Struct

from tui.pages import Page, Place

EVERY_PAGE = frozenset(Page)


class Need(Enum):
    """What has to be there for an action to be offered."""

    NOTHING = auto()
    PAST = auto()  # recorded answers to step back in
    DEMO = auto()  # a mock, whose faults can be injected
    OPERATOR = auto()  # an engine that takes decisions


class Action(Struct, frozen=True, kw_only=True):
    """Something that a reader can do. Where a field is left empty, there is nothing to be shown there."""

    id: str  # as configuration names it
    keys: tuple[str, ...]  # as `tui.actions.keys` names them
    call: str  # the action as Textual calls it: a method `action_...` of the screen, and its arguments
    word: str  # on the key bar
    help: str  # a sentence, which stands for the actions beside it, too
    beside: str = ""  # the id of the action beside which its keys are shown: up beside down
    title: str = ""  # in the palette
    pages: frozenset[Page] = EVERY_PAGE  # where its keys do it
    first: frozenset[Place] = frozenset()  # panels and pages where the help begins with it; on its own few, it does
    need: Need = Need.NOTHING

    def is_first(self, place: Place) -> bool:
        """Whether the help begins with it where a page is shown, or a panel has the focus."""
        return place in self.first or (place in self.pages and self.pages != EVERY_PAGE)

    @property
    def name(self) -> str:
        """The call without its arguments, which is how Textual asks whether an action can be done."""
        return self.call.partition("(")[0]
