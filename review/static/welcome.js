// The first run: a file may be dropped, the time zone is guessed, and figures are brought up to date.
"use strict";

const drop = document.getElementById("drop");
if (drop) {
  const file = drop.querySelector("input[type=file]");
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
    });
  }
  drop.addEventListener("drop", (event) => {
    if (event.dataTransfer.files.length) {
      file.files = event.dataTransfer.files;
      drop.submit();
    }
  });
}

const zone = document.getElementById("zone");
if (zone && zone.dataset.guess === "yes") {
  zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || zone.value;
}

const moving = document.getElementById("moving");
if (moving) {
  let wasAway = false;
  const knock = async () => {
    try {
      // Who answers after a silence, or does not know this browser, is the page that was begun.
      const answer = await fetch("/welcome", { headers: { "x-earmark": "part" } });
      if (wasAway || answer.status === 401) {
        location.assign(moving.dataset.to);
        return;
      }
    } catch {
      wasAway = true;
    }
    setTimeout(knock, 300);
  };
  knock();
}

const live = document.getElementById("live");
if (live) {
  let shown = live.innerHTML;
  const look = async () => {
    try {
      const answer = await fetch(live.dataset.from, { headers: { "x-earmark": "part" } });
      const part = answer.ok ? await answer.text() : shown;
      // What somebody is about to press stays where it is.
      if (part !== shown && !live.contains(document.activeElement)) {
        live.innerHTML = part;
        shown = part;
      }
    } catch {
      // The page is away for a moment; the next look tells.
    }
    setTimeout(look, Number(live.dataset.every));
  };
  setTimeout(look, Number(live.dataset.every));
}
