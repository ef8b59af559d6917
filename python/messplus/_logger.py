"""The logger of the package, which fails no request whatever its handlers do."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any


class _Log(logging.LoggerAdapter[logging.Logger]):
    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:  # noqa: ANN401
        try:
            super().log(level, msg, *args, **{**kwargs, "stacklevel": 2})
        except Exception:
            # What a handler of logging's own does with an error of its stream.
            if logging.raiseExceptions and sys.stderr is not None:
                # Without what came before it: that may quote a prompt.
                traceback.print_exc(chain=False)


logger = _Log(logging.getLogger("messplus"))
