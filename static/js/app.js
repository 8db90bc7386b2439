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
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target;
  if (event.key === "Enter" && at.matches?.("form.sheet input:not([type=submit])")) return event.preventDefault();
  if (at.matches?.("input, select, textarea, [contenteditable]")) return;
  if (event.code === "Slash" && !event.shiftKey) {
    const search = document.querySelector("[data-jump]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  }
});

// A link with hx-get and hx-target="#dialog" opens what came as a dialog; Escape gives the focus back to the link.
document.addEventListener("htmx:after:swap", (event) => {
  const dialog = document.getElementById("dialog");
  if (dialog?.childElementCount && !dialog.open && dialog.contains(event.target)) dialog.showModal();
});

// No network, or no answer in time: say so, and never say that it failed.
document.addEventListener("htmx:error", () => toast(words.networkError, true));
