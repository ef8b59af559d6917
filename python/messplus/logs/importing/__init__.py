"""Logs of other tools as logs with one answer per request: plain files in, no SDKs.

Each reader turns the records of a tool into rows with the columns of
:data:`messplus.logs.logged_data.LoggedData`, and leaves out what is no answer: failed calls, cached
answers, calls that are not of a chat.
"""

from .readers import READERS, import_log

__all__ = ["READERS", "import_log"]
