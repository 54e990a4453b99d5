"""`config`: the settings shown with where each came from, or checked."""

from cyclopts import App

from chaindeck.config.flags import ConnectionFlags, PublishFlags, config_of

config_app = App(name="config", help="Show or check the settings.")


@config_app.command
def show(*, where: ConnectionFlags | None = None, what: PublishFlags | None = None) -> None:
    """Print every setting, secrets masked, each with where it came from.

    Args:
        where: which Redis, which file.
        what: what to publish.
    """
    print("\n".join(config_of(where, what).lines()))


@config_app.command
def validate(*, where: ConnectionFlags | None = None) -> int:
    """Check the settings: exit 0 if they work together, and print the keys that were chosen; a fault names its place.

    Args:
        where: which Redis, which file.
    """
    from chaindeck.looks import check_theme  # noqa: PLC0415

    config = config_of(where)
    check_theme(config.settings)
    limits = config.settings.thresholds
    ages = f"warn {limits.warn_s:g} s, stale {limits.stale_s:g} s, TTL {limits.ttl_s:g} s"
    count = len(config.alerts)
    alerts = f"; {count} alert{'s' if count > 1 else ''}" if count else ""
    print(f"ok: {config.file or 'no config file'}; {ages}{alerts}", *config.keys.lines(chosen=True), sep="\n")
    return 0
