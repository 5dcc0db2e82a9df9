// The rows of the list: which one has the focus, and which are selected. One row alone can be tabbed to.

export const all = () => [...document.querySelectorAll("[data-row]")];
export const opener = (row) => row.querySelector("[data-open]");
export const idOf = (row) => row?.dataset.row;
export const byId = (id) => all().find((row) => row.dataset.row === id);

/** The row that keys act on: the one marked as current, or else the first. */
export const current = () =>
  document.querySelector('[data-row][aria-current="true"]') ?? all()[0];

/** Make a row the current one; returns whether there is one. */
export function mark(row) {
  for (const each of all()) {
    const isIt = each === row;
    if (isIt) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
    opener(each).tabIndex = isIt ? 0 : -1;
  }
  return Boolean(row);
}

/** Make a row the current one and put the focus on it, wherever it was; the list's own words when it is empty. */
export function focus(row = current()) {
  if (mark(row)) {
    opener(row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  } else {
    document.getElementById("empty")?.focus();
  }
}

/** The row so many places further; the last or the first one at the ends. */
export function beside(row, steps) {
  const rows = all();
  return rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(row) + steps))];
}

const nameOf = (row) => opener(row).textContent;

/** A row after the list changed: by its reason or, when its account has a better one now, by its name. */
export const known = ({ id, name }) => byId(id) ?? all().find((row) => nameOf(row) === name);

/** The rows after some, then those before them: where the focus goes when these are done with. */
export function heirs(gone) {
  const rows = all();
  const left = rows.filter((row) => !gone.has(idOf(row)));
  const last = Math.max(...[...gone].map((id) => rows.findIndex((row) => idOf(row) === id)));
  const after = left.filter((row) => rows.indexOf(row) > last);
  const before = left.filter((row) => rows.indexOf(row) < last).reverse();
  return [...after, ...before].map((row) => ({ id: idOf(row), name: nameOf(row) }));
}

const box = (row) => row.querySelector("input[type=checkbox]");
export const selected = () => all().filter((row) => box(row)?.checked);
export const isSelected = (row) => Boolean(box(row)?.checked);

export function select(row, on) {
  const its = row && box(row);
  if (!its || its.checked === on) return;
  its.checked = on;
  its.dispatchEvent(new Event("change", { bubbles: true }));
}

export function selectAll(on) {
  for (const row of all()) select(row, on);
}
