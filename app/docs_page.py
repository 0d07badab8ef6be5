"""The endpoints as one page without scripts: the usual viewers load theirs from other people's servers."""

from collections.abc import Iterator
from html import escape

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse

STYLE = "body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem}td{padding:.2rem .8rem .2rem 0}"

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def show_docs(request: Request) -> HTMLResponse:
    rows = "".join(_rows(request.app))
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>matchday API</title><style>{STYLE}</style>"
        "<h1>matchday</h1><p>In full: <a href=/openapi.json>/openapi.json</a>. The parameters of each job "
        f"type: <a href=/api/jobs/types>/api/jobs/types</a>.</p><table>{rows}</table></html>"
    )
    return HTMLResponse(page)


def _rows(app: FastAPI) -> Iterator[str]:
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            told = operation.get("description") or operation.get("summary", "")
            cells = (f"<code>{method.upper()}</code>", f"<code>{escape(path)}</code>", escape(told))
            yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
