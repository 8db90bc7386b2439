CREATE TRIGGER notices_move BEFORE UPDATE ON notices FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.cause = OLD.cause AND NEW.kind = OLD.kind AND NEW.channel = OLD.channel
  AND NEW.customer_id = OLD.customer_id AND NEW.subject_id = OLD.subject_id AND NEW.facts = OLD.facts AND NEW.tries >= OLD.tries
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
CREATE TRIGGER notice_tries_no_update BEFORE UPDATE ON notice_tries FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER notice_texts_no_update BEFORE UPDATE ON notice_texts FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER notices_no_delete BEFORE DELETE ON notices FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER notice_tries_no_delete BEFORE DELETE ON notice_tries FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER notice_texts_no_delete BEFORE DELETE ON notice_texts FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
