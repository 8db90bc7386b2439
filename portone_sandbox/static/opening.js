/* The page a payment window begins as: takes the order from the merchant's page and asks the server for the window. */
"use strict";

const merchantPage = window.opener ?? (window.parent === window ? null : window.parent);
const say = (message, origin = "*") => merchantPage?.postMessage({ from: "portone-sandbox", ...message }, origin);
let isAsked = false;

addEventListener("message", async (event) => {
  if (event.source !== merchantPage || event.data?.from !== "portone-sdk") return;
  if (event.data.type === "ping") return say({ type: "alive" });
  if (isAsked) return;
  if (event.data.type === "close") return sayLeft(event.origin);
  if (event.data.type !== "order") return;
  isAsked = true;
  const origin = event.origin === "null" ? "*" : event.origin;
  const merchantUid = event.data.order?.params?.merchant_uid ?? null;
  try {
    const received = await fetch(document.body.dataset.open, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...event.data.order, origin: event.origin }),
    });
    follow(await received.json(), origin);
  } catch {
    say({ type: "result", result: { success: false, imp_uid: null, merchant_uid: merchantUid, error_code: "NETWORK_ERROR",
      error_msg: "결제창을 여는 중 연결이 끊어졌습니다." } }, origin);
  }
});

function follow(answer, origin) {
  if (answer.leave) say({ type: "leave", url: new URL(answer.leave, location.href).href }, origin);
  else if (answer.result) say({ type: "result", result: answer.result }, origin);
  else {
    say({ type: "opened", imp_uid: answer.imp_uid }, origin);
    location.replace(answer.url);
  }
}

function sayLeft(origin) {
  isAsked = true;
  say({ type: "result", result: { success: false, imp_uid: null, merchant_uid: null, error_code: "PG_ERR",
    error_msg: "[결제포기] 사용자가 결제를 취소하셨습니다" } }, origin === "null" ? "*" : origin);
}

say({ type: "ready" });
