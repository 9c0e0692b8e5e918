"""GitOps for Microsoft Partner Center: say which customers you keep, pause or let go; plan it, apply it, prove it."""

__version__ = "0.1.0"
