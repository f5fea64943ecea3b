"""``python -m classifier``: the command ``grooming-classifier``."""

import sys

from classifier.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
