"""`python -m pcreconcile`, the same as the console script."""

import sys

from pcreconcile.cli import main

if __name__ == "__main__":
    sys.exit(main())
