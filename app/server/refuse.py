"""Refusals: one JSON shape for everything that goes wrong, and never a stack trace."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from app.graph.problem import Problem, Refusal
from app.graph.workflow import MalformedWorkflow

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """A request that is answered with a 4xx."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        remedy: str,
        problems: Sequence[Problem] = (),
        **extra: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": code, "message": message, "remedy": remedy}, **extra}
        if problems:
            self.body["problems"] = [problem.to_json() for problem in problems]

    def response(self) -> web.Response:
        return web.json_response(self.body, status=self.status)


def missing(what: str) -> Refused:
    """Answer for something that is not there."""
    return Refused(404, "not_found", f"There is no {what}.", "Reload the list; it may have been deleted.")


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn exceptions into answers; what nobody foresaw is logged in full and answered in one sentence."""
    try:
        return await handler(request)
    except Refused as refused:
        return refused.response()
    except MalformedWorkflow as malformed:
        problem = malformed.problem
        return Refused(422, problem.code, problem.message, problem.remedy, [problem]).response()
    except Refusal as refusal:
        return Refused(400, refusal.code, refusal.message, refusal.remedy).response()
    except web.HTTPException as error:
        return http_error(request, error)
    except (ConnectionError, TimeoutError):
        raise
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return Refused(
            500, "internal", "The server made a mistake.", "The server's log has the details; try again."
        ).response()


def http_error(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    """Give aiohttp's own refusals our shape; redirects and the like pass."""
    if error.status < 400:
        raise error
    if error.status == 413:
        return Refused(
            413,
            "too_large",
            "The request is larger than allowed.",
            "Documents may have 32 MiB, uploads 64 MiB.",
        ).response()
    if error.status == 400 and request.path.endswith("/ws"):
        remedy = "Open it as a websocket: ws://, with the headers of an upgrade."
        return Refused(400, "no_websocket", "This address takes websockets only.", remedy).response()
    message = f"{request.method} {request.path}: {error.reason}."
    return Refused(error.status, "http_error", message, "docs/api.md lists the routes.").response()


async def read_body(request: web.Request) -> dict[str, object]:
    """Return the JSON object of a request; refuses everything else."""
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise Refused(400, "not_json", f"The body is not JSON: {error}.", "Send a JSON object.") from None
    except RecursionError:
        message = "The body has objects or lists inside each other a thousand times and more."
        raise Refused(400, "too_deep", message, "A document is some ten levels deep.") from None
    if not isinstance(body, dict):
        raise Refused(400, "not_an_object", "The body is not a JSON object.", "Send a JSON object.")
    return body


def number(request: web.Request, name: str, default: int, most: int, least: int = 0) -> int:
    """Read a whole number from the query, `least` or more, capped at `most`."""
    word = request.query.get(name, str(default))
    if not re.fullmatch(r"-?[0-9]{1,18}", word) or int(word) < least:
        message = f"{name} is {word[:40]!r}, allowed is a whole number, {least} or more."
        raise Refused(400, "bad_query", message, "Mend the address.")
    return min(int(word), most)


def readable(title: str) -> str:
    """Return a title that can be stored: at most 200 characters, all of them real ones."""
    return title[:200].encode("utf-8", "replace").decode()
