"""All actions in the order in which the help lists them. An action that is not here does not exist."""

from tui.actions.action import Action, Need
from tui.actions.catalogue.asking import ASKING
from tui.actions.catalogue.deciding import DECIDING
from tui.actions.catalogue.looking import LOOKING
from tui.actions.catalogue.moving import MOVING
from tui.actions.catalogue.past import PAST
from tui.pages import Page

ACTIONS: tuple[Action, ...] = (*MOVING, *LOOKING, *ASKING, *PAST, *DECIDING)
BY_ID = {action.id: action for action in ACTIONS}
_BY_NAME = {action.name: action for action in ACTIONS}


def need_of(name: str) -> Need:
    """Return what has to be there for a call of this name; nothing for one that is no action of ours."""
    action = _BY_NAME.get(name)
    return action.need if action else Need.NOTHING


def is_offered_on(page: Page, name: str) -> bool:
    """Whether a call of this name can be made on a page."""
    action = _BY_NAME.get(name)
    return action is None or page in action.pages


def together(id: str) -> tuple[str, ...]:
    """Return the ids of the actions whose keys are shown together with this one's, in that order."""
    first = BY_ID[id].beside or id
    return (first, *(other.id for other in ACTIONS if other.beside == first))
