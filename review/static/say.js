// What is said to the person: one line at a time, with the way back, or the way to try again.

const SHOWN = 10_000; // ms

let timer = 0;
let retrying = null;
let stays = false;

const toast = () => document.getElementById("toast");

/** Say something; with `undo` it can be taken back, with `retry` tried again, and then it stays. */
export function tell(words, { undo, retry, isEnded = false, isBad = false } = {}) {
  const box = toast();
  clearTimeout(timer);
  if (!words) return hush();
  box.querySelector("[data-words]").textContent = words;
  box.querySelector("[data-undo]").hidden = !undo;
  box.querySelector("[data-retry]").hidden = !retry;
  box.querySelector("[data-enter]").hidden = !isEnded;
  retrying = retry ?? null;
  box.classList.toggle("bad", isBad || Boolean(retry));
  box.hidden = false;
  stays = Boolean(retry);
  fade();
  return undefined;
}

/** Go away after a while, unless the person is at it, or it waits for them. */
function fade() {
  clearTimeout(timer);
  if (!stays) timer = setTimeout(hush, SHOWN);
}

/** Say nothing more. */
export function hush() {
  clearTimeout(timer);
  toast().hidden = true;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#toast [data-retry]")) retrying?.();
  if (event.target.closest("#toast [data-undo]")) document.querySelector('#undo [data-key="u"]')?.click();
  if (event.target.closest("#toast [data-close]")) hush();
});

for (const name of ["mouseenter", "focusin"]) toast().addEventListener(name, () => clearTimeout(timer));
for (const name of ["mouseleave", "focusout"]) toast().addEventListener(name, fade);
