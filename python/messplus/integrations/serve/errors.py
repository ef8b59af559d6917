"""Errors as OpenAI's API answers them."""

from __future__ import annotations

from starlette.responses import JSONResponse


class ApiError(Exception):
    """An answer that says what was wrong.

    Parameters
    ----------
    status
        HTTP status.
    message
        What was wrong; never what an upstream said, which may quote keys.
    code
        A word for programs.
    param
        The parameter at fault.
    """

    def __init__(self, status: int, message: str, code: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self._code = code
        self._param = param

    def response(self) -> JSONResponse:
        """The answer."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {"message": str(self), "type": kind, "param": self._param, "code": self._code}
        return JSONResponse({"error": error}, self.status)
