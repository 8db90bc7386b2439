"""What may be a password, and how it is kept."""

import threading

import pytest
from argon2 import PasswordHasher

from merchant_admin.core.errors import InvalidInput
from merchant_admin.staff import passwords


@pytest.mark.parametrize(
    "text",
    [
        "열두 글자 넘는 문장입니다",
        "abcdefghijk ",
        "correct horse battery",
        "🐈" * 3 + "고양이 세 마리가 산다",
        "x" * 64 + "y" * 60 + "zqwv",
    ],
)
def test_long_enough_is_good_enough(text):
    passwords.refuse_weak(text)


@pytest.mark.parametrize("text", ["short", "열한자비밀번호abcd", "a" * 129, ""])
def test_too_short_or_too_long_is_refused_at_its_field(text):
    with pytest.raises(InvalidInput) as refusal:
        passwords.refuse_weak(text)
    assert "password" in refusal.value.fields


@pytest.mark.parametrize(
    "text",
    [
        "password1234", "Password1234!!", "p a s s w o r d 1 2 3 4", "qwertyuiop12", "1q2w3e4r5t6y", "123456789012",
        "aaaaaaaaaaaa", "abcabcabcabcabc", "dkssudgktpdy1", "correcthorsebatterystaple", "administrator1", "비밀번호입니다123456",
    ],
)  # fmt: skip
def test_the_first_guesses_are_refused(text):
    with pytest.raises(InvalidInput):
        passwords.refuse_weak(text)


@pytest.mark.parametrize("text", ["minji@shop.example", "minjikim1234"])
def test_a_password_made_of_the_address_is_refused(text):
    with pytest.raises(InvalidInput):
        passwords.refuse_weak(text, email="minji@shop.example" if "@" in text else "minjikim@shop.example")


@pytest.mark.parametrize("text", [" spaces count  ", "\ttabs too\t\t\t", "trailing newline\n"])
def test_nothing_is_trimmed(text):
    kept = passwords.hash_password(text)
    assert passwords.is_password(kept, text)
    assert not passwords.is_password(kept, text.strip())


def test_hangul_taken_apart_by_a_keyboard_is_the_same_password():
    kept = passwords.hash_password("한글 비밀번호 문장")
    assert passwords.is_password(kept, "한글 비밀번호 문장")


def test_the_hash_is_argon2id_of_the_promised_strength():
    assert passwords.hash_password("a long enough password").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_weaker_hash_is_known_as_outdated():
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("a long enough password")
    assert passwords.is_outdated(weak)
    assert not passwords.is_outdated(passwords.hash_password("a long enough password"))


def test_a_megabyte_is_refused_as_fast_as_a_word():
    kept = passwords.hash_password("a long enough password")
    assert not passwords.is_password(kept, "x" * 1_000_000)
    assert not passwords.is_password(kept, "")


def test_a_broken_hash_opens_nothing():
    assert not passwords.is_password("not a hash", "a long enough password")


def test_few_hashes_are_in_flight(monkeypatch):
    at_once, most, lock = [0], [0], threading.Lock()

    class Watched:
        def hash(self, _text):
            with lock:
                at_once[0] += 1
                most[0] = max(most[0], at_once[0])
            threading.Event().wait(0.01)
            with lock:
                at_once[0] -= 1
            return "hash"

    monkeypatch.setattr(passwords, "_HASHER", Watched())
    crowd = [threading.Thread(target=passwords.hash_password, args=("x",)) for _ in range(12)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert most[0] <= passwords.HASHES_IN_FLIGHT
