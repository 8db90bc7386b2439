/* The browser script of the PortOne V1 sandbox. It has the public functions of the real one, and speaks only with
   the server it was loaded from. It adds no style sheet, no inline style attribute and no inline script, so it works
   under a content policy that names its origin in script-src and frame-src. */
(() => {
  "use strict";

  const script = document.currentScript;
  const BASE = new URL("../", script.src);
  const IS_LEGACY = /\/js\/iamport\.payment-/.test(script.src);
  const PHONES = /Android|iPhone|iPad|iPod|Windows Phone|IEMobile|BlackBerry|Opera Mini|Mobile/i;
  const PING_MS = 1000;
  const SILENT_MS = 8000; // a page that lives answers at once, also while the next one is on its way
  const FIRST_WORD_MS = 20000;
  const CLOSED = ["PG_ERR", "[결제포기] 사용자가 결제를 취소하셨습니다"];
  const NO_ANSWER = ["NO_ANSWER", "결제창이 응답하지 않습니다. 결제 여부를 확인해 주세요."];

  let account = null;
  let open = null; // the window that stands on the page now

  const init = (code) => {
    if (typeof code !== "string" || !code) return complain("IMP.init(가맹점 식별코드)는 문자열이어야 합니다.");
    account = { imp_code: code, tier: null };
  };

  const agency = (code, tier) => {
    init(code);
    if (account) account.tier = tier ?? null;
  };

  const request_pay = (params, callback) => {
    const tell = (result) => { if (typeof callback === "function") callback(result); };
    const wrong = whatIsWrong(params);
    if (wrong) {
      complain(wrong);
      const merchantUid = typeof params?.merchant_uid === "string" ? params.merchant_uid : null;
      setTimeout(tell, 0, refusal("INVALID_PARAM", wrong, merchantUid));
      return;
    }
    if (open) {
      complain("결제창이 이미 열려 있습니다.");
      open.focus();
      return;
    }
    let order;
    try {
      order = { ...account, device: PHONES.test(navigator.userAgent) ? "mobile" : "pc",
        params: JSON.parse(JSON.stringify(params)) };
    } catch {
      setTimeout(tell, 0, refusal("INVALID_PARAM", "결제 정보를 JSON으로 옮길 수 없습니다.", params.merchant_uid));
      return;
    }
    open = params.popup === true && order.device === "pc" ? popUp(order, tell) : layer(order, tell);
  };

  function whatIsWrong(params) {
    if (!account) return "IMP.init()을 먼저 호출해야 합니다.";
    if (params === null || typeof params !== "object" || Array.isArray(params)) return "결제 정보(param)는 객체여야 합니다.";
    if (typeof params.merchant_uid !== "string" || !params.merchant_uid) return "merchant_uid는 비어 있지 않은 문자열이어야 합니다.";
    if (typeof params.amount !== "number" || !Number.isFinite(params.amount)) return "amount는 숫자여야 합니다.";
    return null;
  }

  function layer(order, tell) {
    const before = { focus: document.activeElement, overflow: document.documentElement.style.overflow };
    const dialog = document.createElement("dialog");
    const frame = document.createElement("iframe");
    dress(dialog, { position: "fixed", inset: "0", width: "100vw", height: "100dvh", "max-width": "none", "max-height": "none",
      margin: "0", padding: "0", border: "0", display: "grid", "place-items": "center", "place-content": "normal",
      background: "rgb(10 12 25 / .55)", overflow: "hidden", "z-index": "2147483647" });
    dress(frame, { width: "min(100vw, 460px)", height: "min(100dvh, 760px)", border: "0", background: "transparent",
      "border-radius": matchMedia("(width < 500px)").matches ? "0" : "16px", "box-shadow": "0 20px 60px rgb(0 0 0 / .35)" });
    dialog.setAttribute("aria-label", order.params.language === "en" ? "Payment" : "결제");
    frame.title = order.params.language === "en" ? "Payment window" : "결제창";
    frame.allow = "payment; clipboard-write";
    frame.src = new URL("windows/new", BASE).href;
    dialog.append(frame);
    document.body.append(dialog);
    dialog.showModal();
    document.documentElement.style.overflow = "hidden";
    const talk = conversation(order, tell, () => frame.contentWindow, () => {
      dialog.close();
      dialog.remove();
      document.documentElement.style.overflow = before.overflow;
      before.focus?.focus?.();
    }, () => offerWayOut(dialog, frame, order, talk));
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      talk.askToClose();
    });
    return { focus: () => frame.focus() };
  }

  function popUp(order, tell) {
    const left = Math.max(0, screenX + (outerWidth - 480) / 2);
    const top = Math.max(0, screenY + (outerHeight - 780) / 2);
    const other = window.open(new URL("windows/new", BASE).href, "_blank", `popup,width=480,height=780,left=${left},top=${top}`);
    if (!other) {
      setTimeout(tell, 0, refusal("POPUP_BLOCKED", "팝업이 차단되어 결제창을 열 수 없습니다.", order.params.merchant_uid));
      return null;
    }
    const watch = setInterval(() => { if (other.closed) talk.leave(CLOSED); }, 400);
    const talk = conversation(order, tell, () => other, () => {
      clearInterval(watch);
      other.close();
    });
    return { focus: () => other.focus() };
  }

  /* One window's words: it says ready, gets the order, says opened, that it is alive, at last the result. */
  function conversation(order, tell, partner, takeDown, onSilence) {
    let impUid = null;
    let mayBeSilentUntil = Date.now() + FIRST_WORD_MS;
    const onMessage = (event) => {
      if (event.origin !== BASE.origin || event.source !== partner() || event.data?.from !== "portone-sandbox") return;
      const { type, url, imp_uid, result } = event.data;
      mayBeSilentUntil = Date.now() + SILENT_MS;
      if (type === "ready") send({ type: "order", order });
      if (type === "opened") impUid = imp_uid;
      if (type === "leave") location.assign(url);
      if (type === "result") finish(result);
    };
    const send = (message) => partner()?.postMessage({ from: "portone-sdk", ...message }, BASE.origin);
    const finish = (result) => {
      removeEventListener("message", onMessage);
      open = null;
      clearInterval(pulse);
      takeDown();
      tell(IS_LEGACY ? { success: !result.error_code, ...result } : result);
    };
    addEventListener("message", onMessage);
    const pulse = setInterval(() => {
      partner()?.postMessage({ from: "portone-sdk", type: "ping" }, "*");
      if (Date.now() > mayBeSilentUntil) onSilence?.();
    }, PING_MS);
    return {
      askToClose: () => send({ type: "close" }),
      leave: ([code, text]) => finish(refusal(code, text, order.params.merchant_uid, impUid)),
    };
  }

  /* The page inside the frame broke (a lost connection): the buyer can still go back to the shop. */
  function offerWayOut(dialog, frame, order, talk) {
    if (dialog.querySelector("button")) return;
    const english = order.params.language === "en";
    const text = document.createElement("p");
    const button = document.createElement("button");
    const box = document.createElement("div");
    text.textContent = english ? "The payment window does not answer. Ask the shop whether you were charged."
      : "결제창이 응답하지 않습니다. 결제되었는지는 판매자에게 확인해 주세요.";
    button.textContent = english ? "Back to the shop" : "판매자 화면으로 돌아가기";
    button.type = "button";
    button.addEventListener("click", () => talk.leave(NO_ANSWER));
    dress(box, { display: "grid", gap: "16px", "justify-items": "center", padding: "28px", "border-radius": "16px", background: "#fff",
      color: "#1b1d26", font: "400 15px/1.5 system-ui, sans-serif", "max-width": "360px", "text-align": "center" });
    dress(text, { margin: "0" });
    dress(button, { "min-height": "40px", padding: "0 18px", border: "0", "border-radius": "8px", background: "#3d3bc4", color: "#fff",
      font: "600 14px/1 system-ui, sans-serif", cursor: "pointer" });
    box.append(text, button);
    frame.replaceWith(box);
    dialog.append(box);
    button.focus();
  }

  const refusal = (code, text, merchantUid, impUid = null) =>
    ({ success: false, imp_uid: impUid, merchant_uid: merchantUid, error_code: code, error_msg: text });

  const dress = (element, looks) => Object.entries(looks).forEach(([name, value]) => element.style.setProperty(name, value, "important"));

  const complain = (text) => console.warn(`[PortOne sandbox] ${text}`);

  const notHere = (name) => (...given) => {
    complain(`IMP.${name}: 샌드박스가 제공하지 않는 기능입니다.`);
    const callback = given.find((one) => typeof one === "function");
    if (callback) setTimeout(callback, 0, refusal("NOT_SUPPORTED", "현재 지원되지 않는 기능입니다.", given[0]?.merchant_uid ?? null));
  };

  const deinit = () => { account = null; };

  window.IMP = {
    init, agency, request_pay, deinit, certification: notHere("certification"), loadUI: notHere("loadUI"),
    updateLoadUIRequest: notHere("updateLoadUIRequest"), naver_zzim: notHere("naver_zzim"),
  };
})();
