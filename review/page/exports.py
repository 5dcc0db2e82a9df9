"""Exports: where promotions go, what waits and what was refused, what a run would do, and its way back."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Query, Response

from earmark.contract import Exporter
from earmark.errors import ConfigError
from exports.registry import build, kinds
from monitors.errands import checked, set_up, taken_back
from monitors.outbound import planned, queued
from monitors.targets import require
from review.options import as_written, fields_of, options_of
from review.page import banners  # noqa: F401 - it gives every page its banners
from review.page.call import Asked, Call, needs
from review.page.outward import outward
from review.page.viewer import Role
from review.page.written import Written
from review.targets import every, parcels, steps, told
from storage import deliveries, outbox, targets
from storage.outbox import State
from storage.targets import Target

__all__ = ["router"]

router = APIRouter()
_MOST: Final = 50
_SHOWN: Final = 50
_HOME: Final = "/exports"
_Name = Annotated[str, Form(max_length=200)]
_Word = Annotated[str, Query(max_length=200)]


@router.get("/exports")
def _listed(call: Asked) -> Response:
    """Show the targets, the latest runs, and the files that can be had."""
    with call.reading() as connection:
        found = every(connection)
        runs = deliveries.batches_of(connection, limit=10) if call.viewer.may(Role.MANAGER) else []
    return call.page("exports.html", targets=found, runs=runs, kinds=kinds())


@router.get("/exports/add", dependencies=[needs(Role.ADMIN)])
def _blank(call: Asked, kind: _Word = "", target: _Word = "") -> Response:
    """Show the options of a kind as a form, empty or as a target has them."""
    if target:
        known = require(call.engine, target)
        return _form(call, known.kind, known.options, name=known.id, is_known=True)
    if not kind:
        return call.page("export_kinds.html", kinds=kinds())
    return _form(call, kind, {}, name=kind)


@router.post("/exports/add", dependencies=[needs(Role.ADMIN)])
def _add(call: Asked, written: Written, kind: _Name, name: _Name) -> Response:
    """Add a target, or give one other options."""
    chosen, model = name.strip() or kind, _model(kind)
    with call.reading() as connection:
        known = targets.get(connection, chosen)
    try:
        options = options_of(model, written, known.options if known else None)
        build(kind, options)
        with call.writing() as connection:
            targets.add(connection, chosen, kind, options, call.now)
            call.log(connection, "target.add", chosen, f"Of the kind {kind}.")
    except ConfigError as error:
        values = as_written(model, written, known.options if known else None)
        return _form(call, kind, values, name=name, is_known=known is not None, fault=str(error))
    return call.back(_HOME, f"{chosen} is there. Check it before anything goes out.")


@router.post("/exports/check", dependencies=[needs(Role.ADMIN)])
def _check(call: Asked, target: _Name) -> Response:
    """Ask a target whether all is as needed; one that is well goes on."""
    found = require(call.engine, target)
    findings = outward(checked(call.settings, call.engine, target))
    return call.page("export_check.html", target=found, findings=findings)


@router.post("/exports/setup", dependencies=[needs(Role.ADMIN)])
def _set_up(call: Asked, target: _Name) -> Response:
    """Make earmark's own fields in a target, as far as they lack."""
    made = outward(set_up(call.settings, call.engine, target))
    with call.writing() as connection:
        call.log(connection, "target.setup", target, " ".join(made))
    return call.back(_HOME, f"{target}: {' '.join(made) or 'nothing was missing.'}")


@router.post("/exports/pause", dependencies=[needs(Role.ADMIN)])
def _pause(call: Asked, target: _Name, reason: _Name = "") -> Response:
    """Let nothing go to a target until it is resumed."""
    why = reason.strip() or f"paused by {call.viewer.name}"
    _hold(call, require(call.engine, target), why, "target.pause")
    return call.back(_HOME, f"{target} stands still; what comes meanwhile waits.")


@router.post("/exports/resume", dependencies=[needs(Role.ADMIN)])
def _resume(call: Asked, target: _Name) -> Response:
    """Let a target go on."""
    _hold(call, require(call.engine, target), None, "target.resume")
    return call.back(_HOME, f"{target} goes on.")


@router.post("/exports/remove", dependencies=[needs(Role.ADMIN)])
def _remove(call: Asked, target: _Name) -> Response:
    """Remove a target; what it was told stays there, and on record here."""
    require(call.engine, target)
    with call.writing() as connection:
        targets.remove(connection, target)
        call.log(connection, "target.remove", target)
    return call.back(_HOME, f"{target} is removed. What it was told stays there, and on record here.")


@router.post("/exports/plan", dependencies=[needs(Role.MANAGER)])
def _plan(call: Asked, target: _Name) -> Response:
    """Show what would be written into a target now, to the letter; write nothing."""
    found = require(call.engine, target)
    changes, left = outward(planned(call.settings, call.engine, found, call.now))
    return call.page(
        "export_plan.html",
        target=found,
        run="",
        summary=told(changes),
        steps=steps(changes)[:_SHOWN],
        total=len(changes),
        left=left[:_SHOWN],
        left_total=len(left),
    )


@router.post("/exports/send", dependencies=[needs(Role.MANAGER)])
def _send(call: Asked, target: _Name) -> Response:
    """Let what is on the list and was not told yet go to a target; the monitor carries it."""
    found = require(call.engine, target)
    if found.paused_reason:
        return call.back(_HOME, f"{target} stands still: {found.paused_reason}")
    left = queued(call.engine, found, call.now)
    with call.writing() as connection:
        waiting = outbox.counts(connection).get((target, State.WAITING), 0)
        call.log(connection, "target.send", target, f"{waiting} waiting.")
    said = f"{waiting:,} waiting for {target}: the monitor sends them. {len(left):,} left out."
    return call.back(f"/exports/outbox?{urlencode({'target': target})}", said)


@router.get("/exports/outbox")
def _outbox(
    call: Asked,
    target: _Word = "",
    state: _Word = "",
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> Response:
    """Show deliveries, the newest first."""
    if state and state not in set(State):
        raise ConfigError(f"{state!r} is no state of a delivery; it is one of {', '.join(State)}.")
    with call.reading() as connection:
        rows, last = parcels(
            connection,
            target=target or None,
            state=State(state) if state else None,
            before=before,
            limit=_MOST,
            sees=None if call.viewer.sees_all else call.viewer.sees,
        )
        counts = outbox.counts(connection)
        names = sorted({name for name, _ in counts} | {one.id for one in targets.every(connection)})
    chosen = {name: value for name, value in (("target", target), ("state", state)) if value}
    following = urlencode({**chosen, "before": last}) if last else ""
    return call.page(
        "export_outbox.html",
        rows=rows,
        counts={
            each.value: sum(n for (name, held), n in counts.items() if held is each and target in {"", name})
            for each in State
        },
        names=names,
        target=target,
        state=state,
        here=f"/exports/outbox?{urlencode(chosen)}",
        following=f"/exports/outbox?{following}" if following else "",
    )


@router.post("/exports/retry", dependencies=[needs(Role.MANAGER)])
def _retry(
    call: Asked,
    target: _Name = "",
    number: Annotated[int | None, Form()] = None,
    back: Annotated[str, Form(max_length=2_000)] = "/exports/outbox",
) -> Response:
    """Let refused deliveries be tried again."""
    with call.writing() as connection:
        count = outbox.retry(connection, call.now, target=target or None, number=number)
        call.log(connection, "target.retry", target or str(number or "all"), f"{count} tried again.")
    return call.back(back, f"{count} {'delivery is' if count == 1 else 'deliveries are'} tried again.")


@router.post("/exports/undo", dependencies=[needs(Role.MANAGER)])
def _undo(call: Asked, run: _Name, do: _Name = "plan") -> Response:
    """Show what would take a run back; or take it back, wherever the value is still ours."""
    with call.reading() as connection:
        done = deliveries.of_batch(connection, run)
    if not done:
        raise HTTPException(404, f"There is no run {run[:100]!r}.")
    target = require(call.engine, done[0].target)
    changes = outward(taken_back(call.settings, call.engine, run, dry_run=do != "undo"))
    if do == "undo":
        with call.writing() as connection:
            call.log(connection, "target.undo", target.id, f"Run {run}: {told(changes) or 'nothing'}.")
        return call.back(_HOME, f"Run {run} of {target.id} was taken back: {told(changes) or 'nothing'}.")
    return call.page(
        "export_plan.html",
        target=target,
        run=run,
        summary=told(changes),
        steps=steps(changes)[:_SHOWN],
        total=len(changes),
        left=[],
        left_total=0,
    )


def _hold(call: Call, target: Target, reason: str | None, verb: str) -> None:
    with call.writing() as connection:
        targets.pause(connection, target.id, reason)
        call.log(connection, verb, target.id, reason or "")


def _form(
    call: Call, kind: str, values: Mapping[str, Any], *, name: str, is_known: bool = False, fault: str = ""
) -> Response:
    model = _model(kind)
    return call.page(
        "export_form.html",
        status=422 if fault else 200,
        kind=kind,
        about=model.about,
        auth=model.auth,
        fields=fields_of(model, values, shared=Exporter),
        name=name,
        is_known=is_known,
        fault=fault,
    )


def _model(kind: str) -> type[Exporter]:
    """Return a kind; ConfigError names the nearest one."""
    known = kinds().get(kind)
    if known is None:
        build(kind, {})
        raise ConfigError(f"There is no export kind '{kind}'.")
    return known
