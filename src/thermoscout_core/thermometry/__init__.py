"""From counts to a surface temperature that may be trusted: physics, network, regions, ranging."""
