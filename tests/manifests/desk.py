"""Small partner folders for tests: what is wrong with one, as the lines that a user sees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pcreconcile.manifests import Loaded, load
from pcreconcile.model.errors import ManifestError

PARTNER = """\
apiVersion: pcreconcile/v1
kind: Partner
metadata: {name: contoso-csp}
spec:
  tenantId: 9f10aa00-0000-4000-8000-0000000000aa
  cloud: simulator
"""

POLICY = """\
apiVersion: pcreconcile/v1
kind: Policy
metadata: {name: fleet}
spec:
"""

PRICES = """\
apiVersion: pcreconcile/v1
kind: Prices
metadata: {name: list}
spec:
  currency: EUR
  prices:
  - {family: new-commerce-license, term: P1M, amount: "12.00", per: month}
  - {sku: CFQ7TTC0LF8R*, amount: "99.90", currency: USD, per: year, from: 2026-01-01}
"""

RULES = """\
apiVersion: pcreconcile/v1
kind: Rules
metadata: {name: ours}
spec:
  overrides:
    new-commerce-license.cancel-window: {value: 5, reason: our contract says so}
    legacy-license.disabled:
      value: blocks
      reason: seen in a refusal
      until: 2027-06-30
"""

CUSTOMER = """\
apiVersion: pcreconcile/v1
kind: Customer
metadata:
  name: harbor-dental
spec:
  tenantId: 6b2e0b0c-0000-4000-8000-000000000011
  domain: harbordental.onmicrosoft.com
  relationship: removed
  reason: moves to another partner
"""

Files = Mapping[str, str | bytes]


class Desk:
    """A folder `m` with a Partner document, in which files are laid."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lay({"partner.yaml": PARTNER})

    def lay(self, files: Files) -> None:
        """Write files below `m`."""
        for name, content in files.items():
            path = self.folder / "m" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))

    def load(self, files: Files | None = None, path: str = "m") -> Loaded:
        """Load `m`, or another PATH."""
        self.lay(files or {})
        return load(path)

    def findings(self, files: Files | None = None, path: str = "m") -> list[str]:
        """What is wrong, one line each; nothing when all is well."""
        try:
            self.load(files, path)
        except ManifestError as error:
            return [str(finding) for finding in error.findings]
        return []
