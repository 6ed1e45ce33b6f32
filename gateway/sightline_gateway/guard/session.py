"""Signing in for browsers: the key in a cookie that scripts cannot read, since EventSource sends no headers."""

from fastapi import APIRouter, Request, Response

from sightline_gateway.guard.access import COOKIE, header_credential
from sightline_gateway.guard.callers import SESSION
from sightline_gateway.openapi import problems

router = APIRouter(tags=["access"])


@router.post(
    SESSION,
    status_code=204,
    summary="Keep the request's key in a cookie, for browsers",
    responses={204: {"description": "The cookie is set, until the browser closes"}, **problems("unauthorized")},
)
async def sign_in(request: Request) -> Response:
    """The guard has checked the key. Where no keys are asked for, nothing is set."""
    response = Response(status_code=204)
    credential = header_credential(request)
    if credential is not None:
        encrypted = request.scope["scheme"] == "https"
        response.set_cookie(COOKIE, credential, path="/", secure=encrypted, httponly=True, samesite="strict")
    return response


@router.delete(SESSION, status_code=204, summary="Forget the cookie", responses={204: {"description": "Forgotten"}})
async def sign_out() -> Response:
    """Needs no key."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response
