// Calls of our own page, and the part of it that an answer replaces: nothing else on the screen moves.

import * as rows from "./rows.js";

export const part = () => document.getElementById("part");

/** What a call could not do: `words` are for the person, `isEnded` says that the session is over; `html` is the
 * list as it stands, where the page gave it along. */
export class Refused extends Error {
  constructor(words, { isEnded = false, html = "" } = {}) {
    super(words);
    Object.assign(this, { words, isEnded, html });
  }
}

/** Call the page and return the text of its answer; throws Refused, with a sentence, when there is none. */
export async function call(path, { form, signal } = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method: form ? "POST" : "GET",
      body: form,
      headers: { "x-earmark": "part" },
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The page can't be reached, so this was not done. Nothing is lost: press Retry when it is back.");
  }
  const text = await answer.text();
  if (answer.ok && !isLogin(answer)) return text;
  throw refusal(answer, text);
}

const isLogin = (answer) => answer.redirected && new URL(answer.url).pathname === "/login";

function refusal(answer, text) {
  if (answer.status === 401 || isLogin(answer)) {
    const words = "Your session has ended, so this was not done. Log in in another tab, then press Retry.";
    return new Refused(words, { isEnded: true });
  }
  const page = new DOMParser().parseFromString(text, "text/html");
  return new Refused(sentence(answer, page, text), { html: page.getElementById("part") ? text : "" });
}

/** The sentence of a refusal, be it a page, plain text or JSON. */
function sentence(answer, page, text) {
  if (!(answer.headers.get("content-type") ?? "").includes("html")) return text.trim().slice(0, 400);
  const part = page.getElementById("part")?.dataset.said;
  return part || page.querySelector("main p:not(:empty)")?.textContent.trim() || "That was refused.";
}

/** Put a new part in the place of the old one; the list stays where it was scrolled, the boxes checked. */
export function swap(html, { keep = true } = {}) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("part");
  if (!fresh) throw new Refused("The page answered something else than the list. Load it again.");
  const old = part();
  const top = old.querySelector(".list")?.scrollTop ?? 0;
  const checked = new Set(keep ? rows.selected().map(rows.idOf) : []);
  fresh.classList.toggle("asked", keep && old.classList.contains("asked"));
  old.replaceWith(fresh);
  for (const row of rows.all()) rows.select(row, checked.has(rows.idOf(row)));
  const list = fresh.querySelector(".list");
  if (list) list.scrollTop = top;
  document.dispatchEvent(new Event("earmark:swapped"));
  return fresh;
}

/** Put a new detail in the place of the old one. */
export function showDetail(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("detail");
  if (fresh) document.getElementById("detail")?.replaceWith(fresh);
  document.dispatchEvent(new Event("earmark:swapped"));
}

/** After a new log-in the forms on the screen carry the old word; take over the new one. */
export async function renew() {
  const page = new DOMParser().parseFromString(await call(partAddress()), "text/html");
  const word = page.querySelector("input[name=csrf]")?.value;
  for (const input of document.querySelectorAll("input[name=csrf]")) input.value = word ?? input.value;
  return word;
}

/** The query of the list that is on the screen. */
export const query = () => part()?.dataset.query ?? "";

/** The address of the part that is on the screen; `pick` is the row whose detail it is to show. */
export function partAddress(pick) {
  const asked = new URLSearchParams(query());
  if (pick) asked.set("pick", pick);
  return `/part?${asked}`;
}

/** Where to come back to: the same list, with the detail of another row. */
export function listAddress(pick) {
  return partAddress(pick).replace("/part", "/");
}
