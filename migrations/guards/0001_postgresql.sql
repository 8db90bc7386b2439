-- Money rules held by PostgreSQL itself. Statements end with a line that holds only "-- end".
CREATE OR REPLACE FUNCTION guard_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%: %', TG_TABLE_NAME, TG_ARGV[0]; END $$
-- end
CREATE OR REPLACE FUNCTION guard_attempts_birth() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE asked bigint;
BEGIN
  -- The charge is locked, or two births could both see that nothing is paid yet.
  SELECT amount_krw INTO asked FROM charges WHERE id = NEW.charge_id FOR UPDATE;
  IF NEW.state <> 'ready' OR NEW.sends <> 0 OR NEW.late OR NEW.amount_krw IS DISTINCT FROM asked
     OR EXISTS (SELECT 1 FROM attempts a WHERE a.charge_id = NEW.charge_id AND a.state = 'paid') THEN
    RAISE EXCEPTION 'attempts: bad birth';
  END IF;
  RETURN NEW;
END $$
-- end
CREATE OR REPLACE FUNCTION guard_refunds_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> 'ready' OR NEW.sends <> 0 OR NEW.remaining_krw <>
     (SELECT COALESCE(SUM(CASE kind WHEN 'charge' THEN amount_krw ELSE -amount_krw END), -1)
      FROM ledger_entries WHERE imp_uid = NEW.imp_uid) THEN
    RAISE EXCEPTION 'refunds: stale remaining';
  END IF;
  RETURN NEW;
END $$
-- end
CREATE OR REPLACE FUNCTION guard_ledger_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(NEW.imp_uid, 7));
  IF (NEW.kind = 'charge' AND NEW.ref <> NEW.imp_uid)
     OR (NEW.kind = 'refund'
         -- A BEFORE trigger runs before ON CONFLICT is looked at: a known entry must pass.
         AND NOT EXISTS (SELECT 1 FROM ledger_entries l WHERE l.kind = NEW.kind AND l.ref = NEW.ref)
         AND (SELECT COALESCE(SUM(CASE kind WHEN 'charge' THEN amount_krw ELSE -amount_krw END), 0)
              FROM ledger_entries WHERE imp_uid = NEW.imp_uid) < NEW.amount_krw) THEN
    RAISE EXCEPTION 'ledger_entries: given back more than paid';
  END IF;
  RETURN NEW;
END $$
-- end
CREATE TRIGGER charges_no_change BEFORE UPDATE ON charges FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.sheet_key = OLD.sheet_key AND NEW.body_hash = OLD.body_hash AND NEW.kind = OLD.kind
  AND NEW.mode = OLD.mode AND NEW.customer_id = OLD.customer_id AND NEW.amount_krw = OLD.amount_krw
  AND NEW.tax_free_krw = OLD.tax_free_krw AND NEW.quota = OLD.quota AND NEW.name = OLD.name
  AND (OLD.billing_key_id IS NULL OR NEW.billing_key_id IS NOT DISTINCT FROM OLD.billing_key_id)))
EXECUTE FUNCTION guard_refuse('an intent does not change')
-- end
CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER attempts_birth BEFORE INSERT ON attempts FOR EACH ROW EXECUTE FUNCTION guard_attempts_birth()
-- end
CREATE TRIGGER attempts_move BEFORE UPDATE ON attempts FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.charge_id = OLD.charge_id AND NEW.merchant_uid = OLD.merchant_uid
  AND NEW.customer_uid IS NOT DISTINCT FROM OLD.customer_uid AND NEW.pg_id IS NOT DISTINCT FROM OLD.pg_id AND NEW.amount_krw = OLD.amount_krw
  AND (OLD.imp_uid IS NULL OR NEW.imp_uid IS NOT DISTINCT FROM OLD.imp_uid OR (NEW.state = 'paid' AND OLD.state <> 'paid')) AND (
    (NEW.state = OLD.state AND NEW.sends = OLD.sends)
    OR (OLD.state = 'ready' AND NEW.state = 'sending' AND NEW.sends = OLD.sends + 1)
    OR (OLD.state = 'ready' AND NEW.state = 'abandoned' AND NEW.sends = OLD.sends)
    OR (OLD.state = 'sending' AND NEW.state IN ('paid', 'declined', 'uncertain') AND NEW.sends = OLD.sends)
    OR (OLD.state = 'uncertain' AND NEW.state IN ('paid', 'declined') AND NEW.sends = OLD.sends)
    OR (OLD.state = 'uncertain' AND NEW.state IN ('ready', 'abandoned') AND OLD.absences >= 2 AND NEW.sends = OLD.sends)
    OR (OLD.state IN ('declined', 'abandoned', 'ready') AND NEW.state = 'paid' AND NEW.late AND NEW.sends = OLD.sends))))
EXECUTE FUNCTION guard_refuse('forbidden move')
-- end
CREATE TRIGGER attempts_no_delete BEFORE DELETE ON attempts FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER refunds_birth BEFORE INSERT ON refunds FOR EACH ROW EXECUTE FUNCTION guard_refunds_birth()
-- end
CREATE TRIGGER refunds_move BEFORE UPDATE ON refunds FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.payment_id = OLD.payment_id AND NEW.imp_uid = OLD.imp_uid
  AND NEW.amount_krw = OLD.amount_krw AND NEW.remaining_krw = OLD.remaining_krw AND (
    (NEW.state = OLD.state AND NEW.sends = OLD.sends)
    OR (OLD.state = 'ready' AND NEW.state = 'sending' AND NEW.sends = OLD.sends + 1)
    OR (OLD.state = 'ready' AND NEW.state = 'refused' AND NEW.sends = OLD.sends)
    OR (OLD.state = 'sending' AND NEW.state IN ('done', 'refused', 'uncertain') AND NEW.sends = OLD.sends)
    OR (OLD.state = 'uncertain' AND NEW.state IN ('done', 'refused', 'ready') AND NEW.sends = OLD.sends)
    OR (OLD.state = 'refused' AND NEW.state = 'done' AND NEW.sends = OLD.sends))))
EXECUTE FUNCTION guard_refuse('forbidden move')
-- end
CREATE TRIGGER refunds_no_delete BEFORE DELETE ON refunds FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER ledger_entries_birth BEFORE INSERT ON ledger_entries FOR EACH ROW EXECUTE FUNCTION guard_ledger_birth()
-- end
CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER ledger_entries_no_truncate BEFORE TRUNCATE ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER payments_move BEFORE UPDATE ON payments FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.imp_uid = OLD.imp_uid AND NEW.mode = OLD.mode AND NEW.cancelled_krw >= OLD.cancelled_krw
  AND (OLD.paid_at IS NULL OR NEW.paid_at IS NOT DISTINCT FROM OLD.paid_at)))
EXECUTE FUNCTION guard_refuse('never backwards')
-- end
CREATE TRIGGER payments_no_delete BEFORE DELETE ON payments FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER cancellations_no_update BEFORE UPDATE ON cancellations FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER cancellations_no_delete BEFORE DELETE ON cancellations FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER events_no_update BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER events_no_delete BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER billing_keys_move BEFORE UPDATE ON billing_keys FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.customer_id = OLD.customer_id AND NEW.customer_uid = OLD.customer_uid
  AND NEW.mode = OLD.mode AND NOT (OLD.state = 'deleted' AND NEW.state <> 'deleted')))
EXECUTE FUNCTION guard_refuse('a deleted key stays deleted')
-- end
CREATE TRIGGER billing_keys_no_delete BEFORE DELETE ON billing_keys FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER registrations_move BEFORE UPDATE ON registrations FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.customer_id = OLD.customer_id AND NEW.customer_uid = OLD.customer_uid
  AND NEW.merchant_uid = OLD.merchant_uid AND NEW.amount_krw = OLD.amount_krw AND NEW.mode = OLD.mode
  AND NOT (OLD.key_fact = 'yes' AND NEW.key_fact <> 'yes') AND NOT (OLD.charge_fact = 'yes' AND NEW.charge_fact <> 'yes')))
EXECUTE FUNCTION guard_refuse('a fact is not taken back')
-- end
CREATE TRIGGER registrations_no_delete BEFORE DELETE ON registrations FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER cases_move BEFORE UPDATE ON cases FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.kind = OLD.kind AND NEW.subject = OLD.subject))
EXECUTE FUNCTION guard_refuse('what it is about does not change')
-- end
CREATE TRIGGER cases_no_delete BEFORE DELETE ON cases FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER day_closings_no_update BEFORE UPDATE ON day_closings FOR EACH ROW
EXECUTE FUNCTION guard_refuse('a closed day does not change')
-- end
CREATE TRIGGER day_closings_no_delete BEFORE DELETE ON day_closings FOR EACH ROW
EXECUTE FUNCTION guard_refuse('a closed day does not change')
-- end
CREATE TRIGGER looks_no_update BEFORE UPDATE ON looks FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER looks_no_delete BEFORE DELETE ON looks FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER hand_closings_birth BEFORE INSERT ON hand_closings FOR EACH ROW
WHEN (NEW.state <> 'asked') EXECUTE FUNCTION guard_refuse('first asked, then agreed to')
-- end
CREATE TRIGGER hand_closings_move BEFORE UPDATE ON hand_closings FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.kind = OLD.kind AND NEW.subject_id = OLD.subject_id AND NEW.reason = OLD.reason
  AND NEW.evidence = OLD.evidence AND NEW.asked_by = OLD.asked_by AND NEW.asked_at = OLD.asked_at
  AND OLD.state = 'asked'))
EXECUTE FUNCTION guard_refuse('decided once, and never rewritten')
-- end
CREATE TRIGGER hand_closings_no_delete BEFORE DELETE ON hand_closings FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER schedules_move BEFORE UPDATE ON schedules FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.merchant_uid = OLD.merchant_uid AND NEW.customer_uid = OLD.customer_uid
  AND NEW.amount_krw = OLD.amount_krw AND NEW.tax_free_krw = OLD.tax_free_krw AND NEW.mode = OLD.mode AND NEW.source = OLD.source AND (
    NEW.state = OLD.state
    OR (OLD.state = 'ready' AND NEW.state IN ('sending'))
    OR (OLD.state = 'sending' AND NEW.state IN ('executed_failed', 'executed_paid', 'revoked', 'scheduled', 'uncertain'))
    OR (OLD.state = 'uncertain' AND NEW.state IN ('executed_failed', 'executed_paid', 'missing', 'revoked', 'scheduled'))
    OR (OLD.state = 'scheduled' AND NEW.state IN ('executed_failed', 'executed_paid', 'missing', 'revoked', 'revoking'))
    OR (OLD.state = 'revoking' AND NEW.state IN ('executed_failed', 'executed_paid', 'missing', 'revoked', 'scheduled'))
    OR (OLD.state = 'executed_failed' AND NEW.state IN ('executed_paid', 'scheduled'))
    OR (OLD.state = 'revoked' AND NEW.state IN ('executed_failed', 'executed_paid', 'scheduled'))
    OR (OLD.state = 'missing' AND NEW.state IN ('executed_failed', 'executed_paid', 'revoked', 'scheduled')))))
EXECUTE FUNCTION guard_refuse('forbidden move')
-- end
CREATE TRIGGER schedules_no_delete BEFORE DELETE ON schedules FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER checkouts_move BEFORE UPDATE ON checkouts FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.customer_id = OLD.customer_id AND NEW.amount_krw = OLD.amount_krw
  AND NEW.tax_free_krw = OLD.tax_free_krw AND NEW.method = OLD.method AND NEW.name = OLD.name AND NEW.mode = OLD.mode
  AND NEW.link_hash IS NOT DISTINCT FROM OLD.link_hash
  AND (OLD.charge_id IS NULL OR NEW.charge_id IS NOT DISTINCT FROM OLD.charge_id)
  AND (OLD.ended_at IS NULL OR NEW.ended_at IS NOT DISTINCT FROM OLD.ended_at)))
EXECUTE FUNCTION guard_refuse('an order does not change')
-- end
CREATE TRIGGER checkouts_no_delete BEFORE DELETE ON checkouts FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE OR REPLACE FUNCTION guard_period_charges_birth() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE owed bigint;
BEGIN
  -- The period is locked, or two charges could both see no other.
  SELECT amount_krw INTO owed FROM periods WHERE id = NEW.period_id FOR UPDATE;
  IF owed IS DISTINCT FROM (SELECT amount_krw FROM charges WHERE id = NEW.charge_id) OR EXISTS (SELECT 1 FROM period_charges p
    WHERE p.period_id = NEW.period_id AND p.charge_id <> NEW.charge_id
    -- Not a join: while nothing is known of young tables, that is planned to read every attempt for every charge.
    AND (SELECT bool_or(a.state IN ('ready', 'sending', 'uncertain', 'paid')) FROM attempts a WHERE a.charge_id = p.charge_id)) THEN
    RAISE EXCEPTION 'period_charges: one live charge for a period';
  END IF;
  RETURN NEW;
END $$
-- end
CREATE TRIGGER subscriptions_move BEFORE UPDATE ON subscriptions FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.customer_id = OLD.customer_id AND NEW.sheet_key = OLD.sheet_key AND NEW.mode = OLD.mode
  AND NEW.version >= OLD.version AND NEW.next_number >= OLD.next_number AND (
    NEW.state = OLD.state
    OR (OLD.state = 'trial' AND NEW.state IN ('active', 'cancelling', 'ended', 'past_due', 'paused'))
    OR (OLD.state = 'active' AND NEW.state IN ('cancelling', 'ended', 'past_due', 'paused'))
    OR (OLD.state = 'past_due' AND NEW.state IN ('active', 'cancelling', 'ended', 'paused'))
    OR (OLD.state = 'paused' AND NEW.state IN ('active', 'ended', 'trial'))
    OR (OLD.state = 'cancelling' AND NEW.state IN ('active', 'ended', 'trial')))))
EXECUTE FUNCTION guard_refuse('forbidden move')
-- end
CREATE TRIGGER periods_move BEFORE UPDATE ON periods FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.subscription_id = OLD.subscription_id AND NEW.number = OLD.number AND NEW.due_on = OLD.due_on
  AND NEW.mode = OLD.mode AND NEW.worth_until <= OLD.worth_until AND NEW.ends_on = OLD.ends_on AND NEW.amount_krw = OLD.amount_krw AND NEW.tax_free_krw = OLD.tax_free_krw AND (
    NEW.state = OLD.state
    OR (OLD.state = 'due' AND NEW.state IN ('charging', 'needs_card', 'skipped', 'uncollected'))
    OR (OLD.state = 'charging' AND NEW.state IN ('needs_card', 'paid', 'retrying', 'uncollected'))
    OR (OLD.state = 'retrying' AND NEW.state IN ('charging', 'due', 'needs_card', 'paid', 'skipped', 'uncollected'))
    OR (OLD.state = 'needs_card' AND NEW.state IN ('charging', 'due', 'paid', 'skipped', 'uncollected'))
    OR (OLD.state = 'uncollected' AND NEW.state IN ('paid'))
    OR (OLD.state = 'skipped' AND NEW.state IN ('paid')))))
EXECUTE FUNCTION guard_refuse('forbidden move')
-- end
CREATE TRIGGER period_charges_birth BEFORE INSERT ON period_charges FOR EACH ROW EXECUTE FUNCTION guard_period_charges_birth()
-- end
CREATE TRIGGER period_charges_no_update BEFORE UPDATE ON period_charges FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER plans_no_delete BEFORE DELETE ON plans FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER subscriptions_no_delete BEFORE DELETE ON subscriptions FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER periods_no_delete BEFORE DELETE ON periods FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER period_charges_no_delete BEFORE DELETE ON period_charges FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
