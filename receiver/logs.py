"""The program's own log, on standard error: a line for each fact, in UTC."""

import json
import logging
import time
from datetime import UTC, datetime
from typing import Final, Literal

LogFormat = Literal["text", "json"]

TEXT: Final = logging.Formatter("%(asctime)sZ %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%S")
TEXT.converter = time.gmtime


class Json(logging.Formatter):
    """A line of JSON: `time`, `level`, `logger`, `message`; `traceback` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields)


def log_to_stderr(log_format: LogFormat = "text") -> None:
    """Begin to log; call it again to go on in another format."""
    handler = logging.StreamHandler()
    handler.setFormatter(TEXT if log_format == "text" else Json())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
