// Copy a note: as text for a mail, as Markdown for a chat, as HTML for a CRM.

import { tell } from "./say.js";
import * as swap from "./swap.js";

const FORMS = { text: "text", markdown: "Markdown", html: "HTML" };

/** Copy what a link leads to, in the form that it names. */
export async function copyNote(link) {
  try {
    const text = await swap.call(link.getAttribute("href"));
    await write(text, link.dataset.copy === "html");
    tell(`Note copied as ${FORMS[link.dataset.copy]}.`);
  } catch (error) {
    const words = error instanceof swap.Refused ? error.words : "The browser did not let the note be copied.";
    tell(words, { retry: () => copyNote(link) });
  }
}

/** Copy what stands in a field, as the person left it. */
export async function copyField(field) {
  try {
    await write(field.value, false);
    tell("Opener copied.");
  } catch {
    tell("The browser did not let it be copied.", { isBad: true });
  }
}

async function write(text, isHtml) {
  if (!navigator.clipboard) return writeBySelection(text);
  if (!isHtml) return navigator.clipboard.writeText(text);
  const plain = new Blob([new DOMParser().parseFromString(text, "text/html").body.innerText], { type: "text/plain" });
  const html = new Blob([text], { type: "text/html" });
  return navigator.clipboard.write([new ClipboardItem({ "text/html": html, "text/plain": plain })]);
}

/** Without TLS a browser has no clipboard for a page; a selection it can still copy. */
function writeBySelection(text) {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  const before = document.activeElement;
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  before?.focus();
  if (!isDone) throw new Error("not copied");
}
