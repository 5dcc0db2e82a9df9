// Keys. What a key does stands on the page: it presses the visible thing that carries it as `data-key`, in the
// menu that is open, else in the bar of actions that is meant, else anywhere. So there is no key without a button.

import * as rows from "./rows.js";

const PREFIXES = new Set(["g", "*"]);
const WAIT = 1500; // ms for the second key of two
const TYPED = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";
const ARROWS = { ArrowDown: 1, ArrowUp: -1 };
const STEPS = { j: 1, k: -1, J: 1, K: -1, ...ARROWS };

let prefix = "";
let forgetting = 0;

export const MENU = "details:is(.menu, .left-out)";
export const openMenu = () => document.querySelector(`${MENU}[open]`);
export const openDialog = () => document.querySelector("dialog[open]");
export const isTyping = (element) => Boolean(element?.matches(TYPED));

/** Whether single keys are on: a person may switch them off in the settings. */
const isOn = () => document.body.dataset.keys !== "off";

/** The bar that keys mean: that of the selection, else that of the row with the focus. */
const bar = () => document.getElementById(rows.selected().length ? "for-selected" : "for-row");

export function closeMenus() {
  for (const menu of document.querySelectorAll(`${MENU}[open]`)) menu.open = false;
}

/** What carries a key and can be pressed now. */
function carrier(key) {
  const wanted = `[data-key="${CSS.escape(key)}"]`;
  const inMenu = openMenu()?.querySelector(`.choices ${wanted}`);
  const inBar = [...(bar()?.querySelectorAll(wanted) ?? [])].find((one) => !one.closest(".choices"));
  return inMenu ?? inBar ?? beyond(key) ?? document.querySelector(`.head ${wanted}`);
}

/** What carries a key outside of the bars of actions: it means the same whatever row has the focus. */
const beyond = (key) =>
  [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(
    (one) => !one.closest("#for-row, #for-selected, .head, .choices"),
  );

/** Whether a key acts on the row with the focus, so that its detail must be there. */
function isOfRow(key) {
  if (prefix || PREFIXES.has(key) || key in STEPS || key === "x" || rows.selected().length) return false;
  return !beyond(key);
}

/** Press what carries a key; returns whether there is such a thing. */
export function press(key) {
  const found = carrier(key);
  if (!found) return false;
  if (found.matches("summary")) unfold(found.parentElement);
  else if (isTyping(found)) found.focus();
  else found.click();
  return true;
}

/** Open a menu, or close it; the others are closed. */
export function unfold(menu) {
  const wasOpen = menu.open;
  closeMenus();
  menu.open = !wasOpen;
  if (menu.open) menu.querySelector("[data-first]")?.focus();
}

/** Let the choices of a menu open to the left, where its pane has no room for them to the right. */
function fit(menu) {
  const pane = menu.closest(".list, .detail")?.getBoundingClientRect();
  const choices = menu.querySelector(".choices");
  menu.classList.remove("to-left");
  if (pane && choices) menu.classList.toggle("to-left", choices.getBoundingClientRect().right > pane.right);
}

function step(key, extends_, moved) {
  closeMenus();
  const from = rows.current();
  const to = rows.beside(from, STEPS[key]);
  if (extends_) for (const row of [from, to]) rows.select(row, true);
  rows.focus(to);
  moved(to);
}

/** Do what one key means; returns whether it means something here. */
function take(key, extends_, moved) {
  if (prefix) {
    const both = `${prefix} ${key}`;
    prefix = "";
    return press(both);
  }
  if (PREFIXES.has(key)) {
    prefix = key;
    clearTimeout(forgetting);
    forgetting = setTimeout(() => (prefix = ""), WAIT);
    return true;
  }
  if (key in STEPS) {
    step(key, extends_, moved);
    return true;
  }
  if (key === "x") {
    rows.select(rows.current(), !rows.isSelected(rows.current()));
    return true;
  }
  const menu = openMenu();
  const isDone = press(key);
  if (menu && !isDone) closeMenus();
  return isDone;
}

/** Listen. `moved(row)` is told of each step; `isBusy()` says that keys must wait, and `isStale()` that those must
 * that act on the row: its detail is on its way, `hurry()` fetches it. Returns what takes up the keys that waited. */
export function start({ moved, isBusy, isStale, hurry, escape }) {
  const waiting = [];
  document.addEventListener("toggle", ({ target }) => target.open && target.matches(MENU) && fit(target), true);
  const mustWait = (key) => isBusy() || (isStale() && isOfRow(key));

  document.addEventListener("keydown", (event) => {
    const { target, shiftKey } = event;
    const key = event.key === "Enter" && target.matches("[data-open]") ? "o" : event.key;
    if (event.altKey || event.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      if (withControl(key.toLowerCase(), target)) event.preventDefault();
      return;
    }
    if (openDialog()) return;
    if (key === "Escape") {
      event.preventDefault();
      waiting.length = 0;
      escape(target);
      return;
    }
    if (isTyping(target) || (key.length > 1 && !(key in ARROWS))) return;
    if (key in ARROWS ? !isAtRow(target) : !isOn() && event.key !== "Enter") return;
    const waits = waiting.length > 0 || (key !== " " && mustWait(key));
    if (waits) {
      waiting.push({ key, shiftKey, typed: event.key });
      hurry();
    }
    if (waits || (key !== " " && take(key, shiftKey, moved))) event.preventDefault();
  });

  return function goOn() {
    while (waiting.length && !mustWait(waiting[0].key)) {
      const { key, shiftKey } = waiting.shift();
      take(key, shiftKey, moved);
      if (isTyping(document.activeElement)) type(document.activeElement, waiting.splice(0));
    }
    if (waiting.length && !isBusy()) hurry();
  };
}

/** What was typed after the key that leads to a field was meant for the field. */
function type(field, keys) {
  for (const { typed } of keys) {
    if (typed.length === 1) field.value += typed;
    else field.dispatchEvent(new KeyboardEvent("keydown", { key: typed, bubbles: true, cancelable: true }));
  }
}

const isAtRow = (target) => target === document.body || Boolean(target.closest("[data-row]"));

function withControl(key, target) {
  if (key === "k") return press("Control+k");
  return key === "z" && isOn() && !isTyping(target) && !openDialog() && press("u");
}
