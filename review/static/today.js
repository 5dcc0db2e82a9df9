// Today: triage by keys. Every action is a form that works without this; here it is sent without leaving the list.

import { copyField, copyNote } from "./copy.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import { startPalette } from "./palette.js";
import * as rows from "./rows.js";
import { hush, tell } from "./say.js";
import * as swap from "./swap.js";

const SETTLED = 90; // ms without a step, before a detail is fetched
const READ = 1000; // ms that a detail is looked at, before it counts as opened
const MANY = 10; // rows that are changed without asking
const PLAIN = { state: "today", sort: "score" }; // what a list without filters shows

const WIDE = matchMedia("(min-width: 900px)");
const opened = new Set();
const acted = [];
let isBusy = false;
let settling = 0;
let reading = 0;
let fetching = new AbortController();
let loading = null;

/** Show the detail of the row with the focus, once the focus rests. */
function moved(row) {
  clearTimeout(settling);
  clearTimeout(reading);
  fetching.abort();
  loading = null;
  if (row && WIDE.matches) settling = setTimeout(show, SETTLED, rows.idOf(row));
}

async function show(id) {
  clearTimeout(settling);
  loading = id;
  fetching = new AbortController();
  try {
    const html = await swap.call(`/triggers/${encodeURIComponent(id)}?${swap.query()}`, { signal: fetching.signal });
    if (rows.idOf(rows.current()) === id) swap.showDetail(html);
  } catch (error) {
    if (error instanceof swap.Refused) tell(error.words, { retry: () => show(id) });
  } finally {
    if (loading === id) loading = null;
  }
  goOn();
}

/** Whether the detail on the screen is that of another row than the one with the focus. */
const isStale = () => WIDE.matches && rows.current() && shownId() !== rows.idOf(rows.current());
const shownId = () => document.getElementById("act")?.dataset.of;

/** Fetch the detail of the row with the focus now. */
function hurry() {
  const id = rows.idOf(rows.current());
  if (!isBusy && isStale() && loading !== id) show(id);
}

/** Say once that the detail on the screen was looked at. */
function noteOpened() {
  clearTimeout(reading);
  const form = document.getElementById("act");
  const id = shownId();
  if (!id || opened.has(id)) return;
  reading = setTimeout(() => {
    opened.add(id);
    const data = new FormData();
    data.set("csrf", form.elements.csrf.value);
    data.set("trigger", id);
    swap.call("/opened", { form: data }).then(
      () => rows.byId(id)?.removeAttribute("data-new"),
      () => opened.delete(id),
    );
  }, READ);
}

/** Send what a form says; the list is swapped, and the focus goes to the row that follows. */
async function send(path, data, { gone = new Set(), to } = {}) {
  isBusy = true;
  swap.part().ariaBusy = "true";
  hush();
  const heirs = gone.size ? rows.heirs(gone) : [];
  const next = to ?? heirs[0]?.id ?? rows.idOf(rows.current());
  data.set("back", swap.listAddress(next));
  try {
    const fresh = swap.swap(await swap.call(path, { form: data }), { keep: !gone.size });
    rows.focus(rows.byId(to) ?? heirs.map(rows.known).find(Boolean) ?? rows.current());
    if (isStale()) moved(rows.current());
    tell(fresh.dataset.said, { undo: fresh.dataset.undo });
    live.seen();
    return true;
  } catch (error) {
    if (!(error instanceof swap.Refused)) throw error;
    refused(error, [...gone][0], () => again(path, data, { gone, to }));
    return false;
  } finally {
    isBusy = false;
    if (swap.part()) swap.part().ariaBusy = "false";
    goOn();
  }
}

/** Nothing was done: say why, and stay at the row. Where the list came along, trying again would be no use. */
function refused(error, id, retry) {
  if (error.html) swap.swap(error.html);
  tell(error.words, error.html ? { isBad: true } : { retry, isEnded: error.isEnded });
  const row = rows.byId(id) ?? rows.current();
  rows.focus(row);
  if (error.html) moved(row);
}

/** Try once more; after a new log-in the form needs the new word. */
async function again(path, data, more) {
  try {
    const word = await swap.renew();
    if (word) data.set("csrf", word);
  } catch (error) {
    tell(error.words ?? String(error), { retry: () => again(path, data, more) });
    return;
  }
  await send(path, data, more);
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-part]");
  if (!form) return;
  event.preventDefault();
  if (isBusy) return;
  const button = event.submitter;
  const data = new FormData(form, button);
  const path = button?.getAttribute("formaction") ?? form.getAttribute("action");
  if (path === "/undo") return void undo(data);
  if (button?.hasAttribute("data-wants-text") && !String(data.get("text") ?? "").trim()) return void ask(form, button);
  const gone = new Set(data.getAll("trigger"));
  keys.closeMenus();
  if (gone.size > MANY && !(await isSure(gone.size, button))) return;
  if (await send(path, data, { gone })) acted.push([...gone][0]);
});

/** Put the focus where words are wanted; Enter there presses the button that wants them. */
function ask(form, button) {
  const field = form.elements.text;
  field.dataset.then = button.value;
  field.focus();
  tell("Say why, then press Enter.");
}

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.key !== "Enter" || field.name !== "text" || !field.form?.matches("[data-part]")) return;
  event.preventDefault();
  const verb = field.dataset.then ?? "remark";
  const button = [...field.form.elements].find((one) => one.name === "verb" && one.value === verb);
  if (!button) return tell("This is the reason for what you choose next: d dismisses, c says contacted.");
  delete field.dataset.then;
  field.form.requestSubmit(button);
});

async function undo(data) {
  const to = acted.pop();
  await send("/undo", data, { to });
}

/** Ask before many rows are changed at once. */
function isSure(count, button) {
  const dialog = document.getElementById("sure");
  const words = button?.textContent.trim().replace(/\s+/g, " ") ?? "";
  dialog.querySelector("[data-words]").textContent = `${words}: this changes ${count} rows. Undo takes each back.`;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("click", (event) => {
  const target = event.target;
  const row = target.closest("[data-row]");
  if (row && WIDE.matches && !target.closest("input") && !isForNewTab(event)) {
    event.preventDefault();
    rows.focus(row);
    moved(row);
    return;
  }
  const shown = target.closest("[data-dialog]");
  if (shown) document.getElementById(shown.dataset.dialog).showModal();
  const copied = target.closest("[data-copy]");
  if (copied) {
    event.preventDefault();
    copyNote(copied);
  }
  const taken = target.closest("[data-copy-from]");
  if (taken) copyField(document.getElementById(taken.dataset.copyFrom));
  if (target.closest("[data-all]")) rows.selectAll(true);
  if (target.closest("[data-none]")) {
    rows.selectAll(false);
    rows.focus();
  }
  if (!target.closest(keys.MENU)) keys.closeMenus();
});

const isForNewTab = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;

/** Say how many rows are selected; the bar for them shows itself. */
function counted() {
  const count = rows.selected().length;
  const said = document.getElementById("selected");
  if (said) said.textContent = `${count} selected`;
}

/** Leave the innermost thing: a menu, a field, the selection. */
function escape(target) {
  hush();
  const wasOpen = Boolean(keys.openMenu());
  keys.closeMenus();
  if (!wasOpen && !keys.isTyping(target)) rows.selectAll(false);
  delete target.dataset.then;
  rows.focus();
}

// What was left as it is in the filters does not go into the address: it stays fit to be sent to somebody.
document.addEventListener("formdata", ({ target, formData }) => {
  if (!target.matches(".filters form, .search")) return;
  for (const name of new Set(formData.keys())) {
    const values = formData.getAll(name).filter((value) => value && value !== PLAIN[name]);
    formData.delete(name);
    for (const value of values) formData.append(name, value);
  }
});

const goOn = keys.start({ moved, escape, hurry, isStale, isBusy: () => isBusy });

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-row] input")) counted();
});
document.addEventListener("close", () => rows.focus(), true);

document.addEventListener("mouseover", (event) => {
  const time = event.target.closest?.("[data-row] time");
  if (time && !time.title) time.title = new Date(time.dateTime).toLocaleString();
});

/** Count on what the server counted: how long a hot one waits, whatever the clock of this machine says. */
function tick() {
  for (const timer of document.querySelectorAll("[data-waited]")) {
    timer.since ??= performance.now() - 1000 * Number(timer.dataset.waited);
    const waited = Math.floor((performance.now() - timer.since) / 1000);
    timer.textContent = `${Math.floor(waited / 60)}:${String(waited % 60).padStart(2, "0")}`;
    timer.classList.toggle("late", waited > 300);
  }
}

function settled() {
  for (const button of document.querySelectorAll("[data-copy-from]")) button.hidden = false;
  rows.mark(rows.current());
  counted();
  tick();
  noteOpened();
}

document.addEventListener("earmark:swapped", settled);
setInterval(tick, 1000);
startPalette();
live.start();
settled();
if (WIDE.matches && document.activeElement === document.body) rows.focus();
