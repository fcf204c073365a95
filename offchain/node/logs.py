"""Logs: one line a message, as words for people or JSON for machines, never with a secret.

Fields go in `extra`: `log.info("segment done", extra={"sequence": 7})`.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# An RPC URL's path and user part carry access keys; so do these words anywhere in a message.
_URL_SECRET = re.compile(r"(https?://)([^\s/@]*@)?([^\s/\"']+)(/[^\s\"']*)?")
_KEY_WORD = re.compile(r"(?i)\b(password|passphrase|private[_ ]?key|secret|token)\b(\s*[=:]\s*)\S+")
_OURS = ("/v1/", "/live")


def scrub(text: str) -> str:
    """The text without what URLs and `password=` carry."""

    def url(found: re.Match[str]) -> str:
        scheme, _user, host, path = found.groups()
        known = path in (None, "/") or path.startswith(_OURS)
        return f"{scheme}{host}{(path or '') if known else '/…'}"

    return _KEY_WORD.sub(r"\1\2***", _URL_SECRET.sub(url, text))


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _one_line(value: object) -> str:
    """A value that cannot pretend to be another line of the log."""
    text = str(value)
    return text if text.isprintable() else repr(text)


class _Words(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        fields = "".join(f" {key}={_one_line(value)}" for key, value in _fields(record).items())
        line = f"{clock}.{int(record.msecs):03d} {record.levelname.lower():7} {record.getMessage()}"
        if record.exc_info:
            fields += "\n" + self.formatException(record.exc_info)
        return scrub(line + fields)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrub(record.getMessage()),
        }
        for key, value in _fields(record).items():
            line[key] = scrub(value) if isinstance(value, str) else value
        if record.exc_info:
            line["exception"] = scrub(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


def set_up_logs(level: str, style: str) -> None:
    """Send every log line to standard error, from `level` on, as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if style == "json" else _Words())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiohttp", "asyncio", "web3", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
