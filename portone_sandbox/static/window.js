/* The payment window's manners: it tells the merchant's page what happened, tidies what is typed, and sends once.
   Everything but the telling also works without it. */
"use strict";

const merchantPage = window.opener ?? (window.parent === window ? null : window.parent);
const facts = document.body.dataset;

function tell(message) {
  if (!merchantPage || !facts.origin) return;
  const target = facts.origin === "null" ? "*" : facts.origin;
  try {
    merchantPage.postMessage({ from: "portone-sandbox", ...message }, target);
  } catch { /* an origin that can't be written to */ }
}

addEventListener("message", (event) => {
  if (event.source !== merchantPage || event.origin !== facts.origin || event.data?.from !== "portone-sdk") return;
  if (event.data.type === "ping") tell({ type: "alive" });
  if (event.data.type === "close") leave();
});
addEventListener("keydown", (event) => { if (event.key === "Escape" && !event.isComposing) leave(); });

function leave() {
  const form = document.getElementById("leave");
  if (form && !document.querySelector(".is-sending")) form.requestSubmit();
}

const isMobile = facts.device === "mobile";
tell({ type: "alive" });
if (facts.result && !isMobile) tell({ type: "result", result: JSON.parse(facts.result) });

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.classList.contains("is-sending")) return event.preventDefault();
    form.classList.add("is-sending");
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll(".is-sending")) {
    form.classList.remove("is-sending");
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});

const digitsOf = (text) => text.normalize("NFKC").replace(/\D/g, "");
const shapes = {
  card_number: (text) => digitsOf(text).slice(0, 16).replace(/(\d{4})(?=\d)/g, "$1 "),
  expiry: (text, isErasing) => {
    const digits = digitsOf(text).slice(0, 4);
    return digits.length > 2 || (digits.length === 2 && !isErasing) ? `${digits.slice(0, 2)} / ${digits.slice(2)}` : digits;
  },
  birth: (text) => digitsOf(text).slice(0, 10),
  password: (text) => digitsOf(text).slice(0, 2),
};
for (const [name, shape] of Object.entries(shapes)) {
  const input = document.querySelector(`input[name="${name}"]`);
  input?.addEventListener("input", (event) => {
    if (event.isComposing || input.selectionStart !== input.value.length) return;
    const isErasing = event.inputType?.startsWith("delete");
    const tidy = shape(input.value, isErasing);
    if (tidy !== input.value && !(isErasing && tidy.startsWith(input.value))) input.value = tidy;
  });
}
// The attribute autofocus is refused in another site's frame, so the first thing to do gets the focus from here.
(document.querySelector("[aria-invalid=true]") ?? document.querySelector("[data-focus]"))?.focus();
