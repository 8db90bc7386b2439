"use strict";
const order = JSON.parse(document.body.dataset.order);
IMP.init("imp00000000");
document.querySelector("button").addEventListener("click", () => {
  IMP.request_pay(order, (rsp) => { document.getElementById("told").textContent = JSON.stringify(rsp); });
});
