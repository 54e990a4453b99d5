"""Only the room of the contract touches its keys: nobody outside the rooms of Redis sends a command at all."""

import ast
import re
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from tests.support.places import ROOT

REDIS_ROOM = ROOT / "chain" / "redis"
PRODUCT = sorted(path for top in ("chain", "publisher", "tui", "chaindeck") for path in (ROOT / top).rglob("*.py"))
OUTSIDE = [path for path in PRODUCT if not path.is_relative_to(REDIS_ROOM)]
BESIDE = [path for room in ("connect", "server") for path in sorted((REDIS_ROOM / room).glob("*.py"))]

HANDED_ON = {"aclose"}  # all that may be asked of a client elsewhere
OF_COMMANDS = {
    "redis_call",
    "raise_if_lost",
    "unavailable",
    "allowed",
    "announce",
}  # only who sends commands needs them
CLIENT = re.compile(r"\bRedis\b")  # in an annotation
OF_GREETING = {"heartbeat_key"}  # what a connection asks for to hear whether it is answered


def faults(source: str) -> Iterator[str]:
    """Yield what a module outside the rooms of Redis does with Redis that it may not."""
    tree = ast.parse(source)
    clients = clients_in(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"imports {one.name}" for one in node.names if one.name.split(".")[0] == "redis")
        elif isinstance(node, ast.ImportFrom):
            names = {one.name for one in node.names}
            if (node.module or "").split(".")[0] == "redis" and (node.module, names) != ("redis.asyncio", {"Redis"}):
                yield f"imports {', '.join(sorted(names))} of {node.module}"
            if (node.module or "").startswith("chain.redis"):
                yield from (f"imports {name}" for name in sorted(names & OF_COMMANDS))
        elif isinstance(node, ast.Attribute) and name_of(node.value) in clients and is_command(node.attr):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def clients_in(tree: ast.AST) -> set[str]:
    """Return the names, variables or attributes, under which a module has clients of Redis."""
    found = {"redis", "_redis"}
    while True:
        more = found | {name for node in ast.walk(tree) for name in bound_to_client(node, found)}
        if more == found:
            return found
        found = more


def bound_to_client(node: ast.AST, known: set[str]) -> Iterator[str]:
    """Yield the names that a node binds to a client: by annotation, from another such name, or by connecting."""
    if isinstance(node, ast.arg | ast.AnnAssign) and CLIENT.search(ast.unparse(node.annotation or ast.Constant(None))):
        yield node.arg if isinstance(node, ast.arg) else name_of(node.target)
    if isinstance(node, ast.Assign) and is_client(node.value, known):
        yield from map(name_of, node.targets)
    if isinstance(node, ast.withitem) and node.optional_vars is not None and is_client(node.context_expr, known):
        yield name_of(node.optional_vars)


def is_client(value: ast.expr, known: set[str]) -> bool:
    if name_of(value) in known:
        return True
    return any(isinstance(part, ast.Attribute) and part.attr == "connect" for part in ast.walk(value))


def is_command(attribute: str) -> bool:
    return hasattr(Redis, attribute) and attribute not in HANDED_ON


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def imported_of(module: str, source: str) -> set[str]:
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom))
    return {one.name for node in nodes if node.module == module for one in node.names}


def test_no_command_leaves_a_module_outside_the_rooms_of_redis() -> None:
    assert len(OUTSIDE) > 100
    found = {str(path.relative_to(ROOT)): [*faults(path.read_text())] for path in OUTSIDE}
    assert {path: each for path, each in found.items() if each} == {}


def test_who_connects_and_who_asks_the_server_knows_no_key_of_a_chain() -> None:
    assert len(BESIDE) > 8
    for path in BESIDE:
        assert imported_of("chain.model.keys", path.read_text()) <= OF_GREETING, path


SENT = "async def f(redis: Redis | None) -> None:\n    await redis.get('massive:chain:live')\n"
KEPT = "class A:\n    def __init__(self, other: Redis) -> None:\n        self._other = other\n"


@pytest.mark.parametrize(
    "source",
    [
        "import redis\n",
        "from redis.asyncio.lock import Lock\n",
        "from redis.exceptions import ResponseError\n",
        "from redis.asyncio import Redis, RedisCluster\n",
        "from chain.redis.connect.connection import RedisTarget, redis_call\n",
        SENT,
        KEPT + "    def g(self):\n        return self._other.pipeline()\n",
        "client: Redis\nsend = client.set\n",
        "async def f(target):\n    client = target.connect(name='x')\n    await client.delete('k')\n",
        "async def f(target):\n    async with aclosing(target.connect()) as here:\n        await here.scan()\n",
        "async def f(services):\n    await services.redis.flushall()\n",
        "async def f(first: Redis):\n    second = first\n    third = second\n    await third.set('k', 1)\n",
    ],
)
def test_a_command_or_what_it_needs_is_found(source: str) -> None:
    assert [*faults(source)]


@pytest.mark.parametrize(
    "source",
    [
        "from redis.asyncio import Redis\n",
        "from chain.redis.connect.connection import RedisTarget\n",
        "async def f(redis: Redis) -> None:\n    store = Store(redis, keys)\n    await redis.aclose()\n",
        "def f(board):\n    return board.redis.health.ok\n",
        "def f(found: dict[str, int]):\n    return found.get('x')\n",
    ],
)
def test_what_is_only_handed_on_is_no_fault(source: str) -> None:
    assert [*faults(source)] == []
