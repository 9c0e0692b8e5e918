"""PURE: what is wanted and what is, in; what it takes, out. No clock, no network, no randomness."""

from pcreconcile.planning.fleet import plan

__all__ = ["plan"]
