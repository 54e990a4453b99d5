"""Errors of the command line: the word at fault, and what was probably meant."""

import difflib
import re
from collections.abc import Sequence

from cyclopts import App, CycloptsError, UnknownOptionError, UnusedCliTokensError

from chain.text import clean, without_login

_VALUE = re.compile(r"(--[\w-]+)=\S+")


def usage_words(error: CycloptsError, app: App) -> str:
    """Return one line on an error of the parser, without the password of a URL that may stand in it."""
    commands = [name for name in app if not name.startswith("-")]
    tokens = error.root_input_tokens or []
    first = tokens[0] if tokens else ""
    surplus = isinstance(error, UnusedCliTokensError | UnknownOptionError)
    if surplus and first and not first.startswith("-") and first not in commands:
        return _unknown_command(first, commands)
    surplus_words = error.unused_tokens or []
    if first.startswith("-") and (named := next((word for word in surplus_words if word in commands), None)):
        return f"options stand behind the command: chaindeck {named} {clean(first, 40)} ..."
    if isinstance(error, UnusedCliTokensError):
        command = " ".join(error.command_chain or ()) or "chaindeck"
        help_of = f"chaindeck {first} --help" if first in commands else "chaindeck --help"
        return f"{command} takes no further {_quoted(next(iter(surplus_words), ''))}: see {help_of}"
    return masked(str(error))


def masked(words: str) -> str:
    """Return words without what may be secret in a command line: a URL's login, the value of an unknown option."""
    return _VALUE.sub(r"\1=...", without_login(words))


def _unknown_command(word: str, commands: Sequence[str]) -> str:
    if "://" in word:
        return f"a Redis URL follows a command, as in chaindeck watch {clean(masked(word), 80)}, or --redis-url"
    if word.lower() == "help":
        return "unknown command 'help': chaindeck --help lists all, chaindeck COMMAND --help explains one"
    near = difflib.get_close_matches(word.lower(), commands, n=1)
    hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(commands)}, or none for the deck"
    return f"unknown command {_quoted(word)}: {hint}"


def _quoted(word: str) -> str:
    return repr(clean(masked(word), 80))
