"""Multipart uploads: each file is published as soon as it is complete and fails or succeeds by itself."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from sightline_gateway import documents
from sightline_gateway.body import BodyTooLarge, BodyTooSlow, Stopping, content_length
from sightline_gateway.guard.access import caller_id
from sightline_gateway.multipart import FormFile, FormReader, MalformedForm
from sightline_gateway.parameters import UploadHeaders, UploadQuery, check_text
from sightline_gateway.problems import KINDS, Problem, body_problem
from sightline_gateway.state import Gateway
from sightline_gateway.uploads import Upload

_UNAVAILABLE: Final = 503


@dataclass(frozen=True, slots=True)
class _Item:
    """What became of one file: its document, the code it was refused with, and whether its result is still to come."""

    document: bytes
    code: str | None = None
    pending: bool = False


async def read_form(request: Request, gateway: Gateway, query: UploadQuery, headers: UploadHeaders) -> Response:
    """Accept every file of the form that `request` carries and answer with one document a file, in order.

    Raises:
        Problem: no file was accepted, or the form is malformed; its member `images` has what became of each file.
    """
    wait_until = None if headers.wait_s is None else asyncio.get_running_loop().time() + headers.wait_s
    files = _Files(gateway, query, headers, caller_id(request), wait_until)
    failure: Problem | None = None
    try:
        await _feed(request, gateway, files.start)
    except Problem as problem:
        failure = problem
    finally:
        items = await files.outcomes()  # also after a broken body: what was published stays published
    return _answer(items, failure, headers)


async def _feed(request: Request, gateway: Gateway, on_file: Callable[[FormFile], None]) -> None:
    settings = gateway.settings
    limit = settings.gateway_max_upload_bytes
    reader: FormReader | None = None
    try:
        reader = FormReader(
            request.headers["content-type"],
            (settings.max_image_bytes, settings.gateway_max_files),
            gateway.uploads.reserve,
            on_file,
        )
        await gateway.bodies.read(request, limit, reader.feed)
        reader.finish()
    except MalformedForm as error:
        raise Problem("bad-request", f"multipart body: {error}") from error
    except (BodyTooLarge, BodyTooSlow, Stopping) as error:
        raise body_problem(error, limit, content_length(request)) from error
    finally:
        if reader is not None:
            reader.close()


class _Files:
    """The files of one request, each accepted by a task of its own."""

    def __init__(
        self, gateway: Gateway, query: UploadQuery, headers: UploadHeaders, caller: str, wait_until: float | None
    ) -> None:
        self._gateway = gateway
        self._query = query
        self._headers = headers
        self._caller = caller
        self._wait_until = wait_until
        self._tasks: list[asyncio.Task[_Item]] = []

    def start(self, file: FormFile) -> None:
        """Begin to accept `file`."""
        self._tasks.append(asyncio.create_task(self._accept(file, len(self._tasks))))

    async def outcomes(self) -> list[_Item]:
        """What became of each file, in order."""
        return list(await asyncio.gather(*self._tasks))

    async def _accept(self, file: FormFile, index: int) -> _Item:
        upload = Upload(
            key=self._headers.key_of(index),
            caller=self._caller,
            data=file.take(),
            declared_type=file.content_type,
            name=file.name or None,
            stream=self._query.stream,
            model=self._query.model,
            traceparent=self._headers.trace,
            started=time.perf_counter(),
            callback=self._headers.x_callback_url,
        )
        return await self._outcome(file, upload)

    async def _outcome(self, file: FormFile, upload: Upload) -> _Item:
        try:
            if file.error is not None:
                self._gateway.metrics.uploads.labels(file.error[0]).inc()
                raise Problem(*file.error)
            if upload.name is not None:
                _check_name(upload.name)
            accepted = await self._gateway.uploads.accept(upload, file.claim, self._wait_until)
        except Problem as problem:
            document = documents.rejected(upload.name, problem.code, problem.detail)
            return _Item(documents.encode(document), code=problem.code)
        finally:
            file.claim.release()
        if accepted.document is not None:
            return _Item(documents.cut(accepted.document, self._query.top))
        return _Item(documents.encode(documents.pending(accepted.id, accepted.name)), pending=True)


def _check_name(name: str) -> None:
    try:
        check_text(name)
    except ValueError as error:
        raise Problem("bad-request", f"the file name {error}") from error


def _answer(items: list[_Item], failure: Problem | None, headers: UploadHeaders) -> Response:
    parts = [item.document for item in items]
    if failure is not None or all(item.code for item in items):
        raise _with_images(failure or _nothing_accepted(items), parts)
    body = b'{"images":[%s]}' % b",".join(parts)
    if headers.wait_s is not None and not any(item.pending for item in items):
        return Response(body, 200, {"Preference-Applied": f"wait={headers.wait_s}"}, "application/json")
    return Response(body, 202, {"Retry-After": "1", **headers.applied}, "application/json")


def _nothing_accepted(items: list[_Item]) -> Problem:
    if not items:
        return Problem("empty", "the form has no file")
    unavailable = [item.code for item in items if item.code and KINDS[item.code].status == _UNAVAILABLE]
    return Problem(unavailable[0] if unavailable else "rejected", "no file of the form was accepted")


def _with_images(problem: Problem, documents_: list[bytes]) -> Problem:
    return Problem(problem.code, problem.detail, members={"images": [json.loads(part) for part in documents_]})
