"""``python -m messplus`` is the command ``messplus``."""

import sys

from .cli import main

sys.exit(main())
