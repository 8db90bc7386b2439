-- What a customer agreed to is kept as it was; links and moves go forward only.
CREATE TRIGGER card_links_move BEFORE UPDATE ON card_links FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.customer_id = OLD.customer_id AND NEW.mode = OLD.mode AND NEW.pg = OLD.pg
  AND NEW.sheet_key = OLD.sheet_key AND NEW.link_hash = OLD.link_hash AND NEW.expires_at = OLD.expires_at
  AND NEW.old_billing_key_id IS NOT DISTINCT FROM OLD.old_billing_key_id AND NEW.move_id IS NOT DISTINCT FROM OLD.move_id AND NEW.period_id IS NOT DISTINCT FROM OLD.period_id AND NEW.tries >= OLD.tries
  AND (OLD.new_billing_key_id IS NULL OR NEW.new_billing_key_id IS NOT DISTINCT FROM OLD.new_billing_key_id) AND (
    NEW.state = OLD.state
    OR (OLD.state = 'open' AND NEW.state IN ('registering', 'ended'))
    OR (OLD.state = 'registering' AND NEW.state IN ('ended', 'failed', 'open', 'verified'))
    OR (OLD.state = 'verified' AND NEW.state IN ('failed', 'moved'))
    OR (OLD.state = 'moved' AND NEW.state IN ('done')))))
EXECUTE FUNCTION guard_refuse('forbidden move')
-- end
CREATE TRIGGER card_links_no_delete BEFORE DELETE ON card_links FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER card_link_subscriptions_no_update BEFORE UPDATE ON card_link_subscriptions FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER card_link_subscriptions_no_delete BEFORE DELETE ON card_link_subscriptions FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER card_consents_no_update BEFORE UPDATE ON card_consents FOR EACH ROW EXECUTE FUNCTION guard_refuse('append only')
-- end
CREATE TRIGGER card_consents_no_delete BEFORE DELETE ON card_consents FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
CREATE TRIGGER card_moves_move BEFORE UPDATE ON card_moves FOR EACH ROW
WHEN (NOT (NEW.id = OLD.id AND NEW.mode = OLD.mode AND NEW.source_pg = OLD.source_pg AND NEW.target_pg = OLD.target_pg AND (
    NEW.state = OLD.state
    OR (OLD.state = 'running' AND NEW.state IN ('finished', 'made', 'stopped'))
    OR (OLD.state = 'made' AND NEW.state IN ('finished', 'running'))
    OR (OLD.state = 'stopped' AND NEW.state IN ('finished', 'running')))))
EXECUTE FUNCTION guard_refuse('forbidden move')
-- end
CREATE TRIGGER card_moves_no_delete BEFORE DELETE ON card_moves FOR EACH ROW EXECUTE FUNCTION guard_refuse('no delete')
-- end
