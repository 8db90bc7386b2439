// A shop built on two published Node clients, unmodified, against the address in SANDBOX_URL. Fails on the first surprise.
const assert = require("node:assert/strict");
const { Iamporter, IamporterError } = require("iamporter");
const { Iamport, Request } = require("iamport-rest-client-nodejs");

const url = process.env.SANDBOX_URL;
const card = { card_number: process.env.CARD, expiry: "2030-12", birth: "900101", pwd_2digit: "12" };
const declining = { ...card, card_number: process.env.DECLINING_CARD };

async function iamporter() {
  const shop = new Iamporter({ apiKey: "sandbox_key", secret: "sandbox_secret", host: url });
  const wrong = new Iamporter({ apiKey: "sandbox_key", secret: "wrong", host: url });
  await assert.rejects(wrong.getToken(), IamporterError);
  await assert.rejects(shop.getToken(""), IamporterError);

  const key = await shop.createSubscription({ customer_uid: "node-1", ...card });
  assert.equal(key.data.card_name, "신한카드");
  assert.equal((await shop.getSubscription("node-1")).data.customer_uid, "node-1");
  assert.equal((await shop.getSubscription("nobody")).status, 404);

  const paid = await shop.paySubscription({ customer_uid: "node-1", merchant_uid: "node-o-1", amount: 1000 });
  assert.equal(paid.data.status, "paid");
  await assert.rejects(
    shop.paySubscription({ customer_uid: "node-1", merchant_uid: "node-o-1", amount: 1000 }), IamporterError);
  await assert.rejects(
    shop.payOnetime({ merchant_uid: "node-o-2", amount: 1000, ...declining }), /잔액부족/);
  assert.equal((await shop.payOnetime({ merchant_uid: "node-o-3", amount: 900, ...card })).data.amount, 900);

  assert.equal((await shop.findByImpUid(paid.data.imp_uid)).data.merchant_uid, "node-o-1");
  assert.equal((await shop.findByMerchantUid("node-o-1")).data.imp_uid, paid.data.imp_uid);
  assert.equal((await shop.findByMerchantUid("nobody")).status, 404);
  assert.equal((await shop.findAllByMerchantUid("node-o-1")).data.total, 1);
  assert.ok((await shop.findAllByStatus("paid")).data.list.length >= 2);

  const part = await shop.cancelByImpUid(paid.data.imp_uid, { amount: 300, reason: "부분" });
  assert.equal(part.data.cancel_amount, 300);
  assert.equal((await shop.cancelByMerchantUid("node-o-1")).data.cancel_amount, 1000);
  await assert.rejects(shop.cancelByMerchantUid("node-o-1"), /이미 전액취소된 주문입니다/);
  await assert.rejects(shop.cancel({ imp_uid: "nobody" }), /취소할 결제건이 존재하지 않습니다/);

  assert.equal((await shop.createPreparedPayment({ merchant_uid: "node-p", amount: 500 })).data.amount, 500);
  assert.equal((await shop.getPreparedPayment("node-p")).data.amount, 500);
  assert.equal((await shop.getPreparedPayment("nobody")).status, 404);
  assert.equal((await shop.deleteSubscription("node-1")).data.customer_uid, "node-1");
}

async function restClient() {
  const shop = new Iamport({ apiKey: "sandbox_key", apiSecret: "sandbox_secret", baseUrl: url });
  const { Customers, Subscribe, Payments, Prepare, Cards, Banks } = Request;
  const ask = async (request) => (await request.request(shop)).data.response;
  const soon = Number(process.env.NOW) + 3600;

  assert.equal((await ask(Cards.getCards())).length, 20);
  assert.equal((await ask(Banks.getBank({ code: "004" }))).name, "KB국민은행");
  assert.equal((await ask(Customers.postBillingKey({ customer_uid: "rest-1", ...card }))).customer_uid, "rest-1");
  assert.equal((await ask(Customers.getBillingKey({ customer_uid: "rest-1" }))).card_code, "366");

  const paid = await ask(Subscribe.again(
    { customer_uid: "rest-1", merchant_uid: "rest-o-1", amount: 1000, name: "이용료", card_quota: 0 }));
  assert.equal(paid.status, "paid");
  assert.equal((await ask(Subscribe.onetime({ merchant_uid: "rest-o-2", amount: 700, ...card }))).amount, 700);
  assert.equal((await ask(Payments.getByImpUid({ imp_uid: paid.imp_uid }))).merchant_uid, "rest-o-1");
  assert.equal((await ask(Payments.getByImpUids({ imp_uid: [paid.imp_uid] })))[0].imp_uid, paid.imp_uid);
  assert.equal((await ask(Payments.getByMerchantUid({ merchant_uid: "rest-o-1", status: "paid" }))).imp_uid, paid.imp_uid);
  assert.equal((await ask(Payments.getByMerchantUids({ merchant_uid: "rest-o-1", status: "paid" }))).list.length, 1);
  assert.ok((await ask(Payments.getByStatus({ status: "paid" }))).list.length >= 2);
  assert.equal((await ask(Payments.cancel({ imp_uid: paid.imp_uid, amount: 400, checksum: 1000 }))).cancel_amount, 400);

  const schedules = [{ merchant_uid: "rest-s-1", schedule_at: soon, amount: 500, name: "예약", currency: "KRW" }];
  assert.equal((await ask(Subscribe.schedule({ customer_uid: "rest-1", schedules })))[0].schedule_status, "scheduled");
  const reserved = await ask(Subscribe.getScheduled({ merchant_uid: "rest-s-1" }));
  assert.equal(new Date(reserved.schedule_at).getTime() / 1000, soon);
  const range = { customer_uid: "rest-1", page: 1, from: soon - 10, to: soon + 10 };
  assert.equal((await ask(Subscribe.getScheduleds(range))).list.length, 1);
  const revoked = await ask(Subscribe.unschedule({ customer_uid: "rest-1", merchant_uid: ["rest-s-1"] }));
  assert.equal(revoked[0].schedule_status, "revoked");

  assert.equal((await ask(Prepare.postAmount({ merchant_uid: "rest-p", amount: 900 }))).amount, 900);
  assert.equal((await ask(Prepare.getAmount({ merchant_uid: "rest-p" }))).amount, 900);
  assert.equal((await ask(Customers.deleteBillingKey({ customer_uid: "rest-1" }))).customer_uid, "rest-1");
}

iamporter().then(restClient).then(() => console.log("done"), (problem) => { console.error(problem); process.exit(1); });
