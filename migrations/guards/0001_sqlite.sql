-- Money rules held by SQLite itself. Statements end with a line that holds "END;".
CREATE TRIGGER charges_no_change BEFORE UPDATE ON charges
WHEN NOT (NEW.id = OLD.id AND NEW.sheet_key = OLD.sheet_key AND NEW.body_hash = OLD.body_hash AND NEW.kind = OLD.kind
  AND NEW.mode = OLD.mode AND NEW.customer_id = OLD.customer_id AND NEW.amount_krw = OLD.amount_krw
  AND NEW.tax_free_krw = OLD.tax_free_krw AND NEW.quota = OLD.quota AND NEW.name = OLD.name
  AND (OLD.billing_key_id IS NULL OR NEW.billing_key_id IS OLD.billing_key_id))
BEGIN SELECT RAISE(ABORT, 'charges: an intent does not change');
END;
CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges
BEGIN SELECT RAISE(ABORT, 'charges: no delete');
END;
CREATE TRIGGER attempts_birth BEFORE INSERT ON attempts
WHEN NEW.state <> 'ready' OR NEW.sends <> 0 OR NEW.late OR typeof(NEW.amount_krw) <> 'integer'
  OR NEW.amount_krw <> (SELECT amount_krw FROM charges WHERE id = NEW.charge_id)
  OR EXISTS (SELECT 1 FROM attempts a WHERE a.charge_id = NEW.charge_id AND a.state = 'paid')
BEGIN SELECT RAISE(ABORT, 'attempts: bad birth');
END;
CREATE TRIGGER attempts_move BEFORE UPDATE ON attempts
WHEN NOT (NEW.id = OLD.id AND NEW.charge_id = OLD.charge_id AND NEW.merchant_uid = OLD.merchant_uid
  AND NEW.customer_uid = OLD.customer_uid AND NEW.pg_id IS OLD.pg_id AND NEW.amount_krw = OLD.amount_krw
  AND (OLD.imp_uid IS NULL OR NEW.imp_uid IS OLD.imp_uid OR (NEW.state = 'paid' AND OLD.state <> 'paid')) AND (
    (NEW.state = OLD.state AND NEW.sends = OLD.sends)
    OR (OLD.state = 'ready' AND NEW.state = 'sending' AND NEW.sends = OLD.sends + 1)
    OR (OLD.state = 'ready' AND NEW.state = 'abandoned' AND NEW.sends = OLD.sends)
    OR (OLD.state = 'sending' AND NEW.state IN ('paid', 'declined', 'uncertain') AND NEW.sends = OLD.sends)
    OR (OLD.state = 'uncertain' AND NEW.state IN ('paid', 'declined') AND NEW.sends = OLD.sends)
    OR (OLD.state = 'uncertain' AND NEW.state IN ('ready', 'abandoned') AND OLD.absences >= 2 AND NEW.sends = OLD.sends)
    OR (OLD.state IN ('declined', 'abandoned', 'ready') AND NEW.state = 'paid' AND NEW.late AND NEW.sends = OLD.sends)))
BEGIN SELECT RAISE(ABORT, 'attempts: forbidden move');
END;
CREATE TRIGGER attempts_no_delete BEFORE DELETE ON attempts
BEGIN SELECT RAISE(ABORT, 'attempts: no delete');
END;
CREATE TRIGGER refunds_birth BEFORE INSERT ON refunds
WHEN NEW.state <> 'ready' OR NEW.sends <> 0 OR typeof(NEW.amount_krw) <> 'integer'
  OR NEW.remaining_krw <> (SELECT COALESCE(SUM(CASE kind WHEN 'charge' THEN amount_krw ELSE -amount_krw END), -1)
                           FROM ledger_entries WHERE imp_uid = NEW.imp_uid)
BEGIN SELECT RAISE(ABORT, 'refunds: stale remaining');
END;
CREATE TRIGGER refunds_move BEFORE UPDATE ON refunds
WHEN NOT (NEW.id = OLD.id AND NEW.payment_id = OLD.payment_id AND NEW.imp_uid = OLD.imp_uid
  AND NEW.amount_krw = OLD.amount_krw AND NEW.remaining_krw = OLD.remaining_krw AND (
    (NEW.state = OLD.state AND NEW.sends = OLD.sends)
    OR (OLD.state = 'ready' AND NEW.state = 'sending' AND NEW.sends = OLD.sends + 1)
    OR (OLD.state = 'ready' AND NEW.state = 'refused' AND NEW.sends = OLD.sends)
    OR (OLD.state = 'sending' AND NEW.state IN ('done', 'refused', 'uncertain') AND NEW.sends = OLD.sends)
    OR (OLD.state = 'uncertain' AND NEW.state IN ('done', 'refused', 'ready') AND NEW.sends = OLD.sends)
    OR (OLD.state = 'refused' AND NEW.state = 'done' AND NEW.sends = OLD.sends)))
BEGIN SELECT RAISE(ABORT, 'refunds: forbidden move');
END;
CREATE TRIGGER refunds_no_delete BEFORE DELETE ON refunds
BEGIN SELECT RAISE(ABORT, 'refunds: no delete');
END;
CREATE TRIGGER ledger_entries_birth BEFORE INSERT ON ledger_entries
WHEN typeof(NEW.amount_krw) <> 'integer' OR (NEW.kind = 'charge' AND NEW.ref <> NEW.imp_uid)
  OR (NEW.kind = 'refund'
    AND NOT EXISTS (SELECT 1 FROM ledger_entries l WHERE l.kind = NEW.kind AND l.ref = NEW.ref)
    AND (SELECT COALESCE(SUM(CASE kind WHEN 'charge' THEN amount_krw ELSE -amount_krw END), 0)
         FROM ledger_entries WHERE imp_uid = NEW.imp_uid) < NEW.amount_krw)
BEGIN SELECT RAISE(ABORT, 'ledger_entries: given back more than paid');
END;
CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'ledger_entries: append only');
END;
CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'ledger_entries: append only');
END;
CREATE TRIGGER payments_move BEFORE UPDATE ON payments
WHEN NOT (NEW.id = OLD.id AND NEW.imp_uid = OLD.imp_uid AND NEW.mode = OLD.mode AND NEW.cancelled_krw >= OLD.cancelled_krw
  AND (OLD.paid_at IS NULL OR NEW.paid_at IS OLD.paid_at))
BEGIN SELECT RAISE(ABORT, 'payments: never backwards');
END;
CREATE TRIGGER payments_no_delete BEFORE DELETE ON payments
BEGIN SELECT RAISE(ABORT, 'payments: no delete');
END;
CREATE TRIGGER cancellations_no_update BEFORE UPDATE ON cancellations
BEGIN SELECT RAISE(ABORT, 'cancellations: append only');
END;
CREATE TRIGGER cancellations_no_delete BEFORE DELETE ON cancellations
BEGIN SELECT RAISE(ABORT, 'cancellations: append only');
END;
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events: append only');
END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events: append only');
END;
CREATE TRIGGER billing_keys_move BEFORE UPDATE ON billing_keys
WHEN NOT (NEW.id = OLD.id AND NEW.customer_id = OLD.customer_id AND NEW.customer_uid = OLD.customer_uid
  AND NEW.mode = OLD.mode AND NOT (OLD.state = 'deleted' AND NEW.state <> 'deleted'))
BEGIN SELECT RAISE(ABORT, 'billing_keys: a deleted key stays deleted');
END;
CREATE TRIGGER billing_keys_no_delete BEFORE DELETE ON billing_keys
BEGIN SELECT RAISE(ABORT, 'billing_keys: no delete');
END;
CREATE TRIGGER registrations_move BEFORE UPDATE ON registrations
WHEN NOT (NEW.id = OLD.id AND NEW.customer_id = OLD.customer_id AND NEW.customer_uid = OLD.customer_uid
  AND NEW.merchant_uid = OLD.merchant_uid AND NEW.amount_krw = OLD.amount_krw AND NEW.mode = OLD.mode
  AND NOT (OLD.key_fact = 'yes' AND NEW.key_fact <> 'yes') AND NOT (OLD.charge_fact = 'yes' AND NEW.charge_fact <> 'yes'))
BEGIN SELECT RAISE(ABORT, 'registrations: a fact is not taken back');
END;
CREATE TRIGGER registrations_no_delete BEFORE DELETE ON registrations
BEGIN SELECT RAISE(ABORT, 'registrations: no delete');
END;
