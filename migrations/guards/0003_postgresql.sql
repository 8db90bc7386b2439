CREATE TRIGGER notices_move BEFORE UPDATE ON notices FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.cause = OLD.cause AND NEW.kind = OLD.kind AND NEW.channel = OLD.channel
  AND NEW.customer_id = OLD.customer_id AND NEW.subject_id = OLD.subject_id AND NEW.facts = OLD.facts AND NEW.tries >= OLD.tries
  AND (OLD.link_id IS NULL OR NEW.link_id IS NOT DISTINCT FROM OLD.link_id)
  AND (OLD.state NOT IN ('sent', 'handed_over', 'unknown') OR NEW.state = 'waiting' OR (NEW.body IS NOT DISTINCT FROM OLD.body AND NEW.address IS NOT DISTINCT FROM OLD.address))
  AND (
    NEW.state = OLD.state
    OR (OLD.state = 'waiting' AND NEW.state IN ('dropped', 'handed_over', 'sending'))
    OR (OLD.state = 'sending' AND NEW.state IN ('failed', 'sent', 'unknown', 'waiting'))
    OR (OLD.state = 'unknown' AND NEW.state IN ('waiting'))
    OR (OLD.state = 'failed' AND NEW.state IN ('waiting'))
    OR (OLD.state = 'dropped' AND NEW.state IN ('waiting')))))
EXECUTE FUNCTION guard_refuse('forbidden move')
-- end
CREATE TRIGGER consents_move BEFORE UPDATE ON consents FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.kind = OLD.kind AND NEW.subscription_id = OLD.subscription_id AND NEW.customer_id = OLD.customer_id AND NEW.mode = OLD.mode
  AND NEW.agreed_krw = OLD.agreed_krw AND NEW.agreed_days = OLD.agreed_days AND NEW.link_hash = OLD.link_hash
  AND NEW.cycle = OLD.cycle AND NEW.agreed_cycle = OLD.agreed_cycle AND NEW.amount_krw = OLD.amount_krw AND NEW.version >= OLD.version
  AND (NEW.effective_on = OLD.effective_on OR OLD.state = 'given')
  AND (NEW.state NOT IN ('given', 'refused') OR NEW.answered_at IS NOT NULL)
  AND (
    NEW.state = OLD.state
    OR (OLD.state = 'open' AND NEW.state IN ('given', 'refused', 'withdrawn'))
    OR (OLD.state = 'given' AND NEW.state IN ('applied', 'refused', 'withdrawn'))
    OR (OLD.state = 'refused' AND NEW.state IN ('given', 'withdrawn')))))
EXECUTE FUNCTION guard_refuse('forbidden move')
-- end
CREATE OR REPLACE FUNCTION guard_period_charges_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM consents c JOIN periods p ON p.subscription_id = c.subscription_id
    WHERE p.id = NEW.period_id AND c.state IN ('open', 'refused') AND p.due_on >= c.effective_on) THEN
    RAISE EXCEPTION 'period_charges: no consent';
  END IF;
  RETURN NEW;
END $$
-- end
CREATE TRIGGER period_charges_consent BEFORE INSERT ON period_charges FOR EACH ROW EXECUTE FUNCTION guard_period_charges_consent()
-- end
CREATE TRIGGER notice_tries_no_update BEFORE UPDATE ON notice_tries FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER notice_texts_no_update BEFORE UPDATE ON notice_texts FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER consent_words_no_update BEFORE UPDATE ON consent_words FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER notices_no_delete BEFORE DELETE ON notices FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER notice_tries_no_delete BEFORE DELETE ON notice_tries FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER notice_texts_no_delete BEFORE DELETE ON notice_texts FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER consent_words_no_delete BEFORE DELETE ON consent_words FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER consents_no_delete BEFORE DELETE ON consents FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
