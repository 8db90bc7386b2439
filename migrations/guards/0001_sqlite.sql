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
  AND NEW.customer_uid IS OLD.customer_uid AND NEW.pg_id IS OLD.pg_id AND NEW.amount_krw = OLD.amount_krw
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
CREATE TRIGGER cases_move BEFORE UPDATE ON cases
WHEN NOT (NEW.id = OLD.id AND NEW.kind = OLD.kind AND NEW.subject = OLD.subject)
BEGIN SELECT RAISE(ABORT, 'cases: what it is about does not change');
END;
CREATE TRIGGER cases_no_delete BEFORE DELETE ON cases
BEGIN SELECT RAISE(ABORT, 'cases: no delete');
END;
CREATE TRIGGER day_closings_no_update BEFORE UPDATE ON day_closings
BEGIN SELECT RAISE(ABORT, 'day_closings: a closed day does not change');
END;
CREATE TRIGGER day_closings_no_delete BEFORE DELETE ON day_closings
BEGIN SELECT RAISE(ABORT, 'day_closings: a closed day does not change');
END;
CREATE TRIGGER looks_no_update BEFORE UPDATE ON looks
BEGIN SELECT RAISE(ABORT, 'looks: append only');
END;
CREATE TRIGGER looks_no_delete BEFORE DELETE ON looks
BEGIN SELECT RAISE(ABORT, 'looks: append only');
END;
CREATE TRIGGER hand_closings_birth BEFORE INSERT ON hand_closings
WHEN NEW.state <> 'asked'
BEGIN SELECT RAISE(ABORT, 'hand_closings: first asked, then agreed to');
END;
CREATE TRIGGER hand_closings_move BEFORE UPDATE ON hand_closings
WHEN NOT (NEW.id = OLD.id AND NEW.kind = OLD.kind AND NEW.subject_id = OLD.subject_id AND NEW.reason = OLD.reason
  AND NEW.evidence = OLD.evidence AND NEW.asked_by = OLD.asked_by AND NEW.asked_at = OLD.asked_at
  AND OLD.state = 'asked')
BEGIN SELECT RAISE(ABORT, 'hand_closings: decided once, and never rewritten');
END;
CREATE TRIGGER hand_closings_no_delete BEFORE DELETE ON hand_closings
BEGIN SELECT RAISE(ABORT, 'hand_closings: no delete');
END;
CREATE TRIGGER schedules_move BEFORE UPDATE ON schedules
WHEN NOT (NEW.id = OLD.id AND NEW.merchant_uid = OLD.merchant_uid AND NEW.customer_uid = OLD.customer_uid
  AND NEW.amount_krw = OLD.amount_krw AND NEW.tax_free_krw = OLD.tax_free_krw AND NEW.mode = OLD.mode AND NEW.source = OLD.source AND (
    NEW.state = OLD.state
    OR (OLD.state = 'ready' AND NEW.state IN ('sending'))
    OR (OLD.state = 'sending' AND NEW.state IN ('executed_failed', 'executed_paid', 'revoked', 'scheduled', 'uncertain'))
    OR (OLD.state = 'uncertain' AND NEW.state IN ('executed_failed', 'executed_paid', 'missing', 'revoked', 'scheduled'))
    OR (OLD.state = 'scheduled' AND NEW.state IN ('executed_failed', 'executed_paid', 'missing', 'revoked', 'revoking'))
    OR (OLD.state = 'revoking' AND NEW.state IN ('executed_failed', 'executed_paid', 'missing', 'revoked', 'scheduled'))
    OR (OLD.state = 'executed_failed' AND NEW.state IN ('executed_paid', 'scheduled'))
    OR (OLD.state = 'revoked' AND NEW.state IN ('executed_failed', 'executed_paid', 'scheduled'))
    OR (OLD.state = 'missing' AND NEW.state IN ('executed_failed', 'executed_paid', 'revoked', 'scheduled'))))
BEGIN SELECT RAISE(ABORT, 'schedules: forbidden move');
END;
CREATE TRIGGER schedules_no_delete BEFORE DELETE ON schedules
BEGIN SELECT RAISE(ABORT, 'schedules: no delete');
END;
CREATE TRIGGER checkouts_move BEFORE UPDATE ON checkouts
WHEN NOT (NEW.id = OLD.id AND NEW.customer_id = OLD.customer_id AND NEW.amount_krw = OLD.amount_krw
  AND NEW.tax_free_krw = OLD.tax_free_krw AND NEW.method = OLD.method AND NEW.name = OLD.name AND NEW.mode = OLD.mode
  AND NEW.link_hash IS OLD.link_hash AND (OLD.charge_id IS NULL OR NEW.charge_id IS OLD.charge_id)
  AND (OLD.ended_at IS NULL OR NEW.ended_at IS OLD.ended_at))
BEGIN SELECT RAISE(ABORT, 'checkouts: an order does not change');
END;
CREATE TRIGGER checkouts_no_delete BEFORE DELETE ON checkouts
BEGIN SELECT RAISE(ABORT, 'checkouts: no delete');
END;
CREATE TRIGGER subscriptions_move BEFORE UPDATE ON subscriptions
WHEN NOT (NEW.id = OLD.id AND NEW.customer_id = OLD.customer_id AND NEW.sheet_key = OLD.sheet_key AND NEW.mode = OLD.mode
  AND NEW.version >= OLD.version AND NEW.next_number >= OLD.next_number AND (
    NEW.state = OLD.state
    OR (OLD.state = 'trial' AND NEW.state IN ('active', 'cancelling', 'ended', 'past_due', 'paused'))
    OR (OLD.state = 'active' AND NEW.state IN ('cancelling', 'ended', 'past_due', 'paused'))
    OR (OLD.state = 'past_due' AND NEW.state IN ('active', 'cancelling', 'ended', 'paused'))
    OR (OLD.state = 'paused' AND NEW.state IN ('active', 'ended', 'trial'))
    OR (OLD.state = 'cancelling' AND NEW.state IN ('active', 'ended', 'trial'))))
BEGIN SELECT RAISE(ABORT, 'subscriptions: forbidden move');
END;
CREATE TRIGGER periods_move BEFORE UPDATE ON periods
WHEN NOT (NEW.id = OLD.id AND NEW.subscription_id = OLD.subscription_id AND NEW.number = OLD.number AND NEW.due_on = OLD.due_on
  AND NEW.mode = OLD.mode AND NEW.worth_until <= OLD.worth_until AND NEW.ends_on = OLD.ends_on AND NEW.amount_krw = OLD.amount_krw AND NEW.tax_free_krw = OLD.tax_free_krw AND (
    NEW.state = OLD.state
    OR (OLD.state = 'due' AND NEW.state IN ('charging', 'needs_card', 'skipped', 'uncollected'))
    OR (OLD.state = 'charging' AND NEW.state IN ('needs_card', 'paid', 'retrying', 'uncollected'))
    OR (OLD.state = 'retrying' AND NEW.state IN ('charging', 'due', 'needs_card', 'paid', 'skipped', 'uncollected'))
    OR (OLD.state = 'needs_card' AND NEW.state IN ('charging', 'due', 'paid', 'skipped', 'uncollected'))
    OR (OLD.state = 'uncollected' AND NEW.state IN ('paid'))
    OR (OLD.state = 'skipped' AND NEW.state IN ('paid'))))
BEGIN SELECT RAISE(ABORT, 'periods: forbidden move');
END;
CREATE TRIGGER period_charges_birth BEFORE INSERT ON period_charges
WHEN EXISTS (SELECT 1 FROM period_charges p JOIN attempts a ON a.charge_id = p.charge_id
    WHERE p.period_id = NEW.period_id AND p.charge_id <> NEW.charge_id AND a.state IN ('ready', 'sending', 'uncertain', 'paid'))
  OR (SELECT amount_krw FROM charges WHERE id = NEW.charge_id) IS NOT (SELECT amount_krw FROM periods WHERE id = NEW.period_id)
BEGIN SELECT RAISE(ABORT, 'period_charges: one live charge for a period');
END;
CREATE TRIGGER period_charges_no_update BEFORE UPDATE ON period_charges
BEGIN SELECT RAISE(ABORT, 'period_charges: append only');
END;
CREATE TRIGGER plans_no_delete BEFORE DELETE ON plans
BEGIN SELECT RAISE(ABORT, 'plans: no delete');
END;
CREATE TRIGGER subscriptions_no_delete BEFORE DELETE ON subscriptions
BEGIN SELECT RAISE(ABORT, 'subscriptions: no delete');
END;
CREATE TRIGGER periods_no_delete BEFORE DELETE ON periods
BEGIN SELECT RAISE(ABORT, 'periods: no delete');
END;
CREATE TRIGGER period_charges_no_delete BEFORE DELETE ON period_charges
BEGIN SELECT RAISE(ABORT, 'period_charges: no delete');
END;
