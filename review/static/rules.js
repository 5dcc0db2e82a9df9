// A trial that runs is looked at anew, and a play is previewed while it is written. Both work without this.

const asked = (url, more = {}) => fetch(url, { headers: { "x-earmark": "part" }, ...more });

async function watch() {
  const shown = document.getElementById("trial");
  if (shown?.dataset.running !== "yes") return;
  try {
    const answer = await asked("/rules/trial");
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("trial");
    if (fresh) shown.replaceWith(fresh);
  } catch {
    // The page is away: ask again.
  }
  setTimeout(watch, 1500);
}

function preview() {
  const form = document.querySelector("form.previewed");
  const shown = document.getElementById("preview");
  if (!form || !shown) return;
  let waiting;
  let last = 0;
  const look = async () => {
    const turn = ++last;
    const body = new URLSearchParams(new FormData(form));
    body.set("then", "preview");
    const answer = await asked(form.action, { method: "POST", body }).catch(() => null);
    if (answer?.status !== 200 || turn !== last) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("preview");
    if (fresh) document.getElementById("preview").replaceWith(fresh);
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 300);
  });
}

setTimeout(watch, 1500);
preview();
