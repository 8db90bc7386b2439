// Smooths what already works without it: dialogs, focus, error words, shortcuts, amounts, copying, toasts.
const toasts = () => document.getElementById("toasts");
const words = document.body.dataset;

function toast(text, isBad = false) {
  if ([...(toasts()?.querySelectorAll("span") ?? [])].some((line) => line.textContent === text)) return;
  const box = document.createElement("div");
  box.className = "toast";
  if (isBad) box.setAttribute("role", "alert");
  const line = document.createElement("span");
  line.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "toast-close";
  close.dataset.close = "";
  close.setAttribute("aria-label", words.closeLabel);
  close.textContent = "×";
  box.append(line, close);
  toasts()?.append(box);
  if (!isBad) setTimeout(() => box.remove(), 8000);
}

// Good news leaves by itself; errors stay until they are closed.
for (const box of document.querySelectorAll("#toasts .toast:not([role=alert])")) setTimeout(() => box.remove(), 8000);

document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-close]")) event.target.closest(".toast")?.remove();
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    await navigator.clipboard?.writeText(copy.dataset.copy);
    toast(words.copiedLabel);
  }
});

// 48400 becomes 48,400 when the field is left; the server reads either.
document.addEventListener("focusout", (event) => {
  const field = event.target;
  if (!field.matches?.("[data-amount]")) return;
  const digits = field.value.normalize("NFKC").replace(/[\s,₩원]/g, "");
  if (/^\d{1,12}$/.test(digits)) field.value = Number(digits).toLocaleString("en-US");
});

// Enter in a text field of a money form never moves money: only its button does.
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.key !== "Enter") return;
  if (event.target.matches?.("form.sheet input:not([type=submit])")) event.preventDefault();
});

// Shortcuts by the key's place, so that they work while Hangul is typed. They can be switched off.
const palette = document.getElementById("palette");
const places = { KeyH: "/", KeyP: "/payments", KeyC: "/customers", KeyB: "/billing-keys", KeyN: "/needs-action" };
let goesAt = 0;

function openPalette() {
  if (!palette || palette.open) return;
  palette.showModal();
  palette.querySelector("input").select();
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.code === "KeyK" && palette) {
    event.preventDefault();
    return openPalette();
  }
  const isTyping = event.target.matches?.("input, select, textarea, [contenteditable]");
  if (event.ctrlKey || event.metaKey || isTyping || words.shortcuts === "off") return;
  if (document.querySelector("dialog[open]")) return;
  if (event.code === "Slash") {
    event.preventDefault();
    if (event.shiftKey) document.getElementById("shortcuts")?.showModal();
    else document.querySelector("[data-jump]")?.focus();
  } else if (event.code === "KeyG") {
    goesAt = event.timeStamp;
  } else if (places[event.code] && event.timeStamp - goesAt < 1500) {
    document.querySelector(`#rail a[href="${places[event.code]}"]`)?.click();
  }
});

// In the palette the arrows walk over the field and what it found; Enter in the field asks the server for the one.
palette?.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.isComposing) return;
  event.preventDefault();
  const stops = [...palette.querySelectorAll("input[type=search], .rows a")];
  const at = stops.indexOf(document.activeElement);
  stops[(at + step + stops.length) % stops.length].focus();
});

// No network, or no answer in time: say so, and never say that it failed.
document.addEventListener("htmx:error", () => toast(words.networkError, true));
