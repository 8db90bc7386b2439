"""Examples to copy: how a project in each language is pointed at this sandbox."""

from dataclasses import dataclass

from portone_sandbox.config import SandboxConfig


@dataclass(frozen=True)
class Recipe:
    name: str
    code: str


def recipes(base: str, config: SandboxConfig) -> list[Recipe]:
    """Ready-made examples with this sandbox's address and keys in them."""
    words = {"{base}": base, "{code}": config.imp_code, "{key}": config.imp_key, "{secret}": config.imp_secret}
    return [Recipe(name, _filled(code, words)) for name, code in _RECIPES.items()]


def _filled(code: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        code = code.replace(word, value)
    return code.strip()


_RECIPES = {
    "HTML": """
<script src="{base}/v1/iamport.js"></script>
<script>
  IMP.init("{code}");
  IMP.request_pay({
    pg: "jtnet.tpaytest2m", pay_method: "card",
    merchant_uid: "reg_" + crypto.randomUUID().slice(0, 30),
    customer_uid: "cus_" + crypto.randomUUID(),
    name: "카드 등록", amount: 0,
    m_redirect_url: location.origin + "/return"
  }, rsp => console.log(rsp));
</script>
""",
    "curl": """
TOKEN=$(curl -s {base}/users/getToken -H 'Content-Type: application/json' \\
  -d '{"imp_key":"{key}","imp_secret":"{secret}"}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

curl -s {base}/subscribe/payments/again -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d '{"customer_uid":"cus_1","merchant_uid":"ord_1","amount":33000,"name":"12월 이용료"}'
""",
    "Python": """
import requests

API = "{base}"
token = requests.post(f"{API}/users/getToken", timeout=10, json={
    "imp_key": "{key}", "imp_secret": "{secret}",
}).json()["response"]["access_token"]

paid = requests.post(f"{API}/subscribe/payments/again", timeout=60,
    headers={"Authorization": f"Bearer {token}"},
    json={"customer_uid": "cus_1", "merchant_uid": "ord_1", "amount": 33000, "name": "12월 이용료"},
).json()
print(paid["code"], paid["response"]["status"])
""",
    "Node": """
const API = "{base}";
const post = async (path, body, token) => (await fetch(API + path, {
  method: "POST", body: JSON.stringify(body),
  headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
})).json();

const { response: { access_token } } =
  await post("/users/getToken", { imp_key: "{key}", imp_secret: "{secret}" });
console.log(await post("/subscribe/payments/again",
  { customer_uid: "cus_1", merchant_uid: "ord_1", amount: 33000, name: "12월 이용료" }, access_token));
""",
    "PHP": """
<?php
const API = "{base}";
function post(string $path, array $body, ?string $token = null): array {
    $call = curl_init(API . $path);
    curl_setopt_array($call, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_POSTFIELDS => json_encode($body),
        CURLOPT_HTTPHEADER => ["Content-Type: application/json", ...($token ? ["Authorization: Bearer $token"] : [])],
    ]);
    return json_decode(curl_exec($call), true);
}
$token = post("/users/getToken", ["imp_key" => "{key}", "imp_secret" => "{secret}"])["response"]["access_token"];
print_r(post("/subscribe/payments/again",
    ["customer_uid" => "cus_1", "merchant_uid" => "ord_1", "amount" => 33000, "name" => "12월 이용료"], $token));
""",
    "Java": """
var http = java.net.http.HttpClient.newHttpClient();
var api = "{base}";
var login = java.net.http.HttpRequest.newBuilder(java.net.URI.create(api + "/users/getToken"))
    .header("Content-Type", "application/json")
    .POST(java.net.http.HttpRequest.BodyPublishers.ofString(
        "{\\"imp_key\\":\\"{key}\\",\\"imp_secret\\":\\"{secret}\\"}"))
    .build();
System.out.println(http.send(login, java.net.http.HttpResponse.BodyHandlers.ofString()).body());
""",
}
