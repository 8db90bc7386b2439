"""Words and keyboard walks that lists of stolen passwords begin with, where twelve signs could be made of them.

A password is refused when it is one of these, with or without digits and marks behind it. Kept short on purpose:
length does most of the work, and this stops the first guesses. No list is fetched: it works offline.
"""

# One text, not a list of 150 quoted words.
_WORDS = """
password passw0rd p@ssword p@ssw0rd passwort motdepasse contrasena mypassword thepassword newpassword
changeme changemenow letmein letmeinnow welcome welcomehome iloveyou iloveyouforever trustno1 opensesame
administrator administrateur superadmin adminadmin rootroot superuser sysadmin webmaster guestguest
qwerty qwertyuiop qwertyuiopasdf qwertyasdfgh qwertyasdfzxcv qwerasdfzxcv asdfghjkl asdfghjklqwe zxcvbnm
qwer1234qwer qwer1234asdf asdf1234asdf asdfasdfasdf zxcvzxcvzxcv qazwsx qazwsxedc qazwsxedcrfv
1q2w3e 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 1qaz2wsx 1qaz2wsx3edc zaq12wsx
abc123 abcd1234 abcd1234abcd abcdefgh abcdefghij abcdefghijkl abcdefghijklm a1b2c3d4 a1b2c3d4e5f6
0123456789 1234567890 12345678901 123456789012 1234567890123 123456781234 123412341234 111122223333
987654321 9876543210 098765432100 121212121212 112233445566 123123123123 147258369 147258369000 159753159753
monkey dragon sunshine princess football baseball superman batman master shadow michael jennifer
starwars starwarsstarwars pokemon charlie computer internet whatever freedom mustang
samsung samsunggalaxy hyundai kakao kakaotalk naver naverpassword google gmail daum
saranghae saranghaeyo sarang sarangsarang annyeong annyeonghaseyo daehanminguk korea southkorea seoul busan
rlarlarla tkfkdgo tkfkdgody tkfkdgoyo dkssud dkssudgktpdy dkssudgktpdyo dkssudgktpdu eogksalsrnr
qlalfqjsgh qlalfqjsgh qlqjs roqkf rhksflwk rhksflwkrhksflwk wkdwlsghk alswjd
비밀번호 비밀번호입니다 관리자 관리자비밀번호 사랑해 사랑해요 안녕하세요 대한민국 가나다라마바사
payment payments merchant merchantadmin portone iamport jtnet billing cardpayment
correcthorsebatterystaple correct-horse-battery-staple thisisapassword thisismypassword passwordpassword
"""

COMMON = frozenset(_WORDS.split())
