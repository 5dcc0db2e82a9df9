// The palette: everything that can be done or gone to from here, found by its words. It is read off the page.

import * as rows from "./rows.js";

const palette = () => document.getElementById("palette");

/** What there is on the page, now: [words, key, element]; what can be done to the row comes first. */
function commands() {
  const seen = new Set();
  const found = [".bar [data-key]", "[data-key]", ".views a", "header nav a"];
  return found
    .flatMap((each) => [...document.querySelectorAll(each)])
    .filter((one) => !palette().contains(one) && !isOut(one))
    .map((one) => [wordsOf(one), keyOf(one), one])
    .filter(([words]) => words && !seen.has(words) && seen.add(words));
}

/** A bar that is not meant now: that of the selection when nothing is selected, that of the row when something is. */
const isOut = (one) => Boolean(one.closest(rows.selected().length ? "#for-row" : "#for-selected"));

function keyOf(one) {
  const menu = one.closest(".choices") && one.closest("details")?.querySelector("summary");
  return menu ? `${menu.dataset.key} ${one.dataset.key}` : (one.getAttribute("aria-keyshortcuts") ?? "");
}

function wordsOf(one) {
  const own = one.dataset.words ?? one.getAttribute("aria-label") ?? textOf(one);
  const menu = one.closest(".choices") && one.closest("details")?.querySelector("summary");
  return menu ? `${textOf(menu)}: ${own}` : own;
}

function textOf(one) {
  const copy = one.cloneNode(true);
  for (const extra of copy.querySelectorAll("kbd, small")) extra.remove();
  return copy.textContent.trim().replace(/\s+/g, " ");
}

/** Whether the letters of what was typed stand in the words, word by word. */
function fits(words, typed) {
  const low = words.toLowerCase();
  return typed.toLowerCase().split(/\s+/).every((each) => low.includes(each));
}

function list() {
  const input = palette().querySelector("input");
  const found = commands().filter(([words]) => fits(words, input.value.trim())).slice(0, 80);
  const options = found.map(([words, key, one], place) => {
    const option = document.createElement("li");
    option.id = `command-${place}`;
    option.role = "option";
    option.append(words);
    if (key) option.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    option.run = () => run(one.isConnected ? one : again(words));
    option.addEventListener("click", option.run);
    return option;
  });
  palette().querySelector("ul").replaceChildren(...options);
  choose(0);
}

/** What has these words now: a row's detail may have come since the palette was opened. */
const again = (words) => commands().find(([each]) => each === words)?.[2];

function choose(place) {
  const options = [...palette().querySelectorAll("li")];
  const chosen = options[Math.max(0, Math.min(options.length - 1, place))];
  for (const option of options) option.ariaSelected = String(option === chosen);
  chosen?.scrollIntoView({ block: "nearest" });
  palette().querySelector("input").setAttribute("aria-activedescendant", chosen?.id ?? "");
}

function run(one) {
  palette().close();
  if (!one) return;
  const menu = one.closest("details.menu");
  if (menu && one.matches("summary")) menu.open = true;
  else if (one.matches("input, select, textarea")) one.focus();
  else one.click();
}

/** Make the palette answer to what is typed in it. */
export function startPalette() {
  const input = palette().querySelector("input");
  input.addEventListener("input", list);
  input.addEventListener("keydown", (event) => {
    const options = [...palette().querySelectorAll("li")];
    const place = options.findIndex((option) => option.ariaSelected === "true");
    if (event.key === "ArrowDown") choose(place + 1);
    else if (event.key === "ArrowUp") choose(place - 1);
    else if (event.key === "Enter") options[place]?.run();
    else return;
    event.preventDefault();
  });
  new MutationObserver(() => {
    if (!palette().open) return;
    input.value = "";
    list();
  }).observe(palette(), { attributeFilter: ["open"] });
}
