"""Finding customers: any part, any width, initial consonants; read from the index alone, on both databases."""

import pytest
from sqlalchemy import insert, text

from merchant_admin.core.ids import new_id
from merchant_admin.core.paging import Place
from merchant_admin.customers import queries, service
from merchant_admin.customers.models import Customer, CustomerTerm
from merchant_admin.customers.queries import CustomerFilters, customer_page
from merchant_admin.customers.service import CustomerDetails


def people_in(world):
    """Five customers, the first with a card."""
    made = {}
    for name, phone, email in (
        ("김서연", "010-1234-5678", "seoyeon@example.com"),
        ("서연우", "02-555-0199", "yw.seo@shop.co.kr"),
        ("John O'Neil-Smith", None, None),
        ("🐈 고양이집사", "010-9876-5432", "cat_lover+1@example.com"),
        ("강남 100% 식당_2호", None, None),
    ):
        world.clock.advance(60)
        made[name] = service.create_customer(world.ctx(), CustomerDetails(name, phone, email)).id
    with world.ctx().atomic() as session:
        service.index_card(session, made["김서연"], "key_abc", "4321")
    return made


def found(world, typed, **filters):
    return [row.name for row in customer_page(world.session, CustomerFilters(typed, **filters), None).rows]


ANSWERS = [
    ("김서연", ["김서연"]),
    ("서연", ["서연우", "김서연"]),
    ("연", ["서연우", "김서연"]),
    ("ㄱㅅㅇ", ["김서연"]),
    ("ㅅㅇ", ["서연우", "김서연"]),
    ("ㅇㅇ", ["🐈 고양이집사", "서연우"]),
    ("김 서연", ["김서연"]),
    ("1234", ["김서연"]),
    ("010-1234", ["김서연"]),
    ("010 1234 5678", ["김서연"]),
    ("０１０１２３４", ["김서연"]),
    ("4321", ["김서연"]),
    ("KEY_ABC", ["김서연"]),
    ("5432", ["🐈 고양이집사"]),
    ("seoyeon@", ["김서연"]),
    ("EXAMPLE.COM", ["🐈 고양이집사", "김서연"]),
    ("shop.co", ["서연우"]),
    ("john", ["John O'Neil-Smith"]),
    ("ＪＯＨＮ", ["John O'Neil-Smith"]),
    ("smith john", ["John O'Neil-Smith"]),
    ("o'neil", ["John O'Neil-Smith"]),
    ("🐈", ["🐈 고양이집사"]),
    ("100%", ["강남 100% 식당_2호"]),
    ("식당_", ["강남 100% 식당_2호"]),
    ("%", ["강남 100% 식당_2호"]),
    ("'; DROP TABLE customers; --", []),
    ("12", ["김서연"]),
    ("없는사람", []),
    ("김서연 9876", []),
    ("김서연 5678", ["김서연"]),
    ("   ", ["강남 100% 식당_2호", "🐈 고양이집사", "John O'Neil-Smith", "서연우", "김서연"]),
]


def test_what_is_typed_finds(each_world):
    people_in(each_world)
    assert [(typed, found(each_world, typed)) for typed, _names in ANSWERS] == ANSWERS


def test_an_id_is_found_whole_and_in_the_list(each_world):
    world, made = each_world, people_in(each_world)
    assert queries.exact_id(world.session, f" {made['김서연'].upper()} ") == made["김서연"]
    assert found(world, made["김서연"]) == ["김서연"]
    assert queries.exact_id(world.session, "cus_nobody") is None


def test_a_corrected_name_is_found_and_the_old_one_is_not(each_world):
    world, made = each_world, people_in(each_world)
    service.update_customer(world.ctx(), made["김서연"], CustomerDetails("박하준", None, None), version=1)
    assert found(world, "박하준") == ["박하준"]
    assert found(world, "김서연") == []
    assert found(world, "4321") == ["박하준"]


def test_the_archived_stand_on_their_own_tab(each_world):
    world, made = each_world, people_in(each_world)
    service.archive_customer(world.ctx(), made["김서연"])
    assert found(world, "서연") == ["서연우"]
    assert found(world, "서연", archived=True) == ["김서연"]
    assert [row.name for row in queries.find_customers(world.session, "서연")] == ["서연우", "김서연"]


def crowd(world, count, name="김서연"):
    """Many customers at once, with the terms their names would get."""
    now = world.clock.now()
    ids = [new_id("cus") for _ in range(count)]
    with world.ctx().atomic() as session:
        session.execute(
            insert(Customer),
            [
                {"id": each, "name": name, "memo": "", "version": 1, "created_at": now, "updated_at": now}
                for each in ids
            ],
        )
        session.execute(
            insert(CustomerTerm),
            [
                {"term": term, "customer_id": each, "source": "customer"}
                for each in ids
                for term in ("김서연", "서연", "연", "ㄱㅅㅇ")
            ],
        )
    return ids


def test_every_customer_is_on_exactly_one_page_there_and_back(each_world):
    world = each_world
    ids, seen, place, last = crowd(world, 60), [], None, None
    while True:
        last = customer_page(world.session, CustomerFilters("서연"), place)
        seen += [row.id for row in last.rows]
        if last.next is None:
            break
        place = Place.read(last.next)
    assert sorted(seen) == sorted(ids)
    back = customer_page(world.session, CustomerFilters("서연"), Place.read(last.previous))
    assert [row.id for row in back.rows] == seen[25:50]


def test_a_question_that_finds_many_gives_the_same_pages(world, monkeypatch):
    crowd(world, 60)
    few = customer_page(world.session, CustomerFilters("서연"), None)
    monkeypatch.setattr(queries, "FEW", 10)
    many = customer_page(world.session, CustomerFilters("서연"), None)
    assert many.rows == few.rows


def test_counting_stops_at_ten_thousand(world, monkeypatch):
    crowd(world, 30)
    assert queries.matches(world.session, CustomerFilters("서연")) == queries.Matches(30, is_more=False)
    monkeypatch.setattr(queries, "FEW", 10)
    assert queries.matches(world.session, CustomerFilters("서연")) == queries.Matches(0, is_more=True)
    monkeypatch.setattr(queries, "COUNTED", 20)
    assert queries.matches(world.session, CustomerFilters()) == queries.Matches(20, is_more=True)


def test_the_walk_reads_the_index_and_sorts_nothing(world, monkeypatch):
    """The plan of the wide question on SQLite: the newest end of one index, one look into the other."""
    crowd(world, 60)
    monkeypatch.setattr(queries, "FEW", 10)
    plan = _plan_of_page(world, "서연")
    assert "ix_customers_active" in plan
    assert "COVERING INDEX ix_customer_terms_customer (customer_id=? AND term>? AND term<?)" in plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan


def test_the_narrow_question_reads_the_customers_it_names(world):
    crowd(world, 60)
    plan = _plan_of_page(world, "서연")
    assert "USING INDEX sqlite_autoindex_customers_1 (id=?)" in plan


def test_the_look_at_a_word_reads_one_range_of_the_terms(world):
    crowd(world, 60)
    assert "SEARCH customer_terms USING PRIMARY KEY (term>? AND term<?)" in _plan_of_page(
        world, "서연", of="\nFROM customer_terms"
    )


def test_the_list_without_a_question_is_a_read_of_one_index(world):
    crowd(world, 60)
    plan = _plan_of_page(world, "")
    assert "ix_customers_active" in plan
    assert "TEMP B-TREE" not in plan


def _plan_of_page(world, typed, of="\nFROM customers"):
    from sqlalchemy import event

    said = []
    engine = world.session.get_bind()

    def listen(_conn, _cursor, statement, parameters, *_rest):
        said.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", listen)
    customer_page(world.session, CustomerFilters(typed), None)
    event.remove(engine, "before_cursor_execute", listen)
    asked, parameters = next(each for each in said if of in each[0])
    rows = world.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", parameters)
    return " | ".join(row[3] for row in rows)


@pytest.mark.postgres
def test_postgres_reads_its_indexes_too(postgres_world, monkeypatch):
    world = postgres_world
    crowd(world, 3000)
    with world.ctx().atomic() as session:
        session.execute(text("ANALYZE customers"))
        session.execute(text("ANALYZE customer_terms"))
    wide = world.session.execute(
        text(
            "EXPLAIN SELECT id FROM customers WHERE archived_at IS NULL AND EXISTS (SELECT 1 FROM customer_terms t "
            "WHERE t.customer_id = customers.id AND t.term >= '서연' AND t.term < '서연\U0010ffff') "
            "ORDER BY created_at DESC, id DESC LIMIT 26"
        )
    )
    plan = "\n".join(row[0] for row in wide)
    assert "ix_customers_active" in plan
    assert "Seq Scan" not in plan
