// Opens PortOne's card window and hands what it says to our server, which reads the truth itself.
// Everything it needs stands in data attributes; no card field ever passes through this page.
"use strict";

(() => {
  const page = document.getElementById("card-window");
  const button = document.getElementById("open-window");
  const status = document.getElementById("window-status");
  const form = document.getElementById("told");
  if (!page || !button || !form) return;

  const text = (value) => (typeof value === "string" ? value.slice(0, 200) : "");

  const hand_over = (said) => {
    status.textContent = status.dataset.done;
    form.elements.imp_uid.value = text(said?.imp_uid);
    form.elements.merchant_uid.value = text(said?.merchant_uid) || form.elements.merchant_uid.value;
    form.elements.error_code.value = text(said?.error_code);
    form.elements.error_msg.value = text(said?.error_msg);
    form.submit();
  };

  const sdk = window.IMP;
  if (!sdk) document.getElementById("no-sdk").hidden = false;

  button.addEventListener("click", () => {
    if (!sdk) return window.location.reload();
    button.disabled = true;
    status.textContent = status.dataset.open;
    sdk.init(page.dataset.impCode);
    sdk.request_pay(JSON.parse(page.dataset.parameters), hand_over);
  });

  // From here on a press is heard; without the SDK it asks for the page anew.
  status.textContent = "";
  button.disabled = false;
  button.focus();

  // A page that comes back from the browser's memory must not look as if its window were still open.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
})();
