// Live: the server says that something changed; the list is fetched again when the person's hands rest.

import { isTyping, openDialog, openMenu } from "./keys.js";
import * as rows from "./rows.js";
import * as swap from "./swap.js";

const RESTS = 3000; // ms without a key or a click, before the list is asked for
const IDLE = 20_000; // ms, before it is swapped unasked
const AGAIN = 30_000; // ms between two tries

let known = null;
let isStale = false;
let touched = -Infinity;
let fresh = null;

const now = () => performance.now();
const pill = () => document.getElementById("news");

/** The list on the screen is the newest: an action of ours has just brought it. */
export function seen() {
  isStale = false;
  forget();
}

function forget() {
  fresh = null;
  pill().hidden = true;
}

/** Whether the hands are at something that must not change under them. */
function isAtWork() {
  return isTyping(document.activeElement) || rows.selected().length > 0 || openMenu() || openDialog();
}

async function look() {
  if (!isStale || isAtWork() || (!document.hidden && now() - touched < RESTS)) return;
  isStale = false;
  try {
    const html = await swap.call(swap.partAddress(rows.idOf(rows.current())));
    compare(html);
  } catch (error) {
    if (!(error instanceof swap.Refused)) throw error;
    setTimeout(() => (isStale = true), AGAIN);
  }
}

function compare(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const there = new Set(rows.all().map(rows.idOf));
  const found = [...page.querySelectorAll("[data-row]")].map(rows.idOf);
  const added = found.filter((id) => !there.has(id)).length;
  const isSame = !added && found.length === there.size && found.every((id) => there.has(id));
  if (isSame) return;
  fresh = html;
  const words = added ? `${added} new` : "The list has changed";
  pill().querySelector("[data-words]").textContent = `${words}: show`;
  pill().hidden = false;
}

/** Swap what was fetched; the row with the focus stays where it is on the screen. */
export function show() {
  if (!fresh) return;
  const row = rows.current();
  const id = rows.idOf(row);
  const had = row?.getBoundingClientRect().top;
  const isIn = row?.contains(document.activeElement) || document.activeElement === document.body;
  swap.swap(fresh);
  forget();
  const same = rows.byId(id);
  if (same && had !== undefined) {
    const list = same.closest(".list");
    if (list) list.scrollTop += same.getBoundingClientRect().top - had;
    rows.mark(same);
  }
  if (isIn) rows.opener(same ?? rows.current() ?? document)?.focus({ preventScroll: true });
}

/** Listen to the server, as long as the page is open; a browser comes back by itself when it is away. */
export function start() {
  for (const name of ["keydown", "pointerdown"]) {
    document.addEventListener(name, () => (touched = now()), { capture: true, passive: true });
  }
  pill().addEventListener("click", show);
  const source = new EventSource("/live");
  source.addEventListener("changes", ({ data }) => {
    isStale ||= known !== null && data !== known;
    known = data;
  });
  setInterval(() => {
    look();
    if (fresh && !isAtWork() && (document.hidden || now() - touched > IDLE)) show();
  }, 1000);
}
