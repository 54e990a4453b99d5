"""The service names of publishers and recorders, and the keys of their heartbeats."""

from chain.model.keys import KeySchema, heartbeat_key, standby_service
from chain.model.kinds import LIVE

_LIVE_SERVICE, _RECORDED_SERVICE, _REPLAY_SERVICE = SERVICES = ("massive", "mock_massive", "replay")
STANDBYS = tuple(map(standby_service, SERVICES))
HEARTBEAT_KEYS = {heartbeat_key(service): service for service in (*SERVICES, *STANDBYS)}


def recorder_service(keys: KeySchema) -> str:
    """Return as which service a recorder of a prefix beats; who may read the prefix may read its heartbeat."""
    return f"{keys.prefix}:recorder"


def speaks_live(service: str) -> bool:
    """Return whether a service is that of live publishers, or of their standbys."""
    return service in (_LIVE_SERVICE, standby_service(_LIVE_SERVICE))


def service_name(kind: str, keys: KeySchema) -> str:
    """Return the service name for a kind of source under a prefix; only live data may use `massive`."""
    if keys.is_replay:
        return _REPLAY_SERVICE
    return _LIVE_SERVICE if kind == LIVE else _RECORDED_SERVICE


def services_under(keys: KeySchema) -> tuple[str, ...]:
    """Return the services that publish under a prefix. A replay and all other services ignore each other."""
    return (_REPLAY_SERVICE,) if keys.is_replay else (_LIVE_SERVICE, _RECORDED_SERVICE)


def heartbeat_keys(keys: KeySchema) -> list[str]:
    """Return the heartbeat keys that matter under a prefix: of publishers, of standbys, of a recorder."""
    services = services_under(keys)
    return [heartbeat_key(service) for service in (*services, *map(standby_service, services), recorder_service(keys))]
