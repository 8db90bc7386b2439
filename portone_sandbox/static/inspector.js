/* Keeps the inspector's page fresh and lets things be copied. The page is whole without it. */
"use strict";

const EVERY_MS = 2000;
const lamp = document.querySelector(".live");
let shownText = null;

async function refresh() {
  const live = document.getElementById("live");
  if (!live || document.hidden || isBusy(live)) return;
  try {
    const answer = await fetch(location.href, { headers: { "X-Live": "1" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    put(".clockface", fresh);
    put(".rail nav", fresh);
    if (!isBusy(live)) takeOver(live, fresh.getElementById("live"));
    lamp?.classList.add("on");
  } catch {
    lamp?.classList.remove("on");
  }
}

/* Nothing moves under somebody's hands: a focused control, an open part, a selection. */
function isBusy(live) {
  const selected = getSelection();
  return live.contains(document.activeElement) || live.querySelector("details[open]") !== null
    || (!selected.isCollapsed && live.contains(selected.anchorNode));
}

function takeOver(live, fresh) {
  if (!fresh || fresh.innerHTML === shownText) return;
  shownText = fresh.innerHTML;
  live.replaceChildren(...fresh.childNodes);
}

function put(selector, fresh) {
  const [old, now] = [document.querySelector(selector), fresh.querySelector(selector)];
  if (old && now && old.innerHTML !== now.innerHTML && !old.contains(document.activeElement)) old.replaceChildren(...now.childNodes);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = button.dataset.copy.startsWith("#") ? document.querySelector(button.dataset.copy).textContent : button.dataset.copy;
  await navigator.clipboard.writeText(source);
  button.classList.add("copied");
  document.getElementById("said").textContent = button.dataset.done;
  setTimeout(() => button.classList.remove("copied"), 1200);
});
document.addEventListener("change", (event) => { if (event.target.matches("[data-go]")) event.target.form.requestSubmit(); });

document.documentElement.classList.add("has-script");
setInterval(refresh, EVERY_MS);
refresh();
