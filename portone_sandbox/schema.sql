-- Wire objects are kept whole as JSON in `body`; the columns beside it are what is looked up by.
-- No column anywhere holds a card number, an expiry, a birth date or a password.
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS merchants (
  imp_code TEXT PRIMARY KEY, imp_key TEXT NOT NULL UNIQUE, imp_secret TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS tokens (imp_code TEXT PRIMARY KEY, access_token TEXT NOT NULL UNIQUE, expired_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS billing_keys (
  imp_code TEXT NOT NULL, customer_uid TEXT NOT NULL, behaviour TEXT NOT NULL, dies_at INTEGER NOT NULL DEFAULT 0,
  tries INTEGER NOT NULL DEFAULT 0, uses INTEGER NOT NULL DEFAULT 0, last_four TEXT NOT NULL, channel_key TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (imp_code, customer_uid)
);
CREATE TABLE IF NOT EXISTS payments (
  imp_uid TEXT PRIMARY KEY, imp_code TEXT NOT NULL, merchant_uid TEXT NOT NULL, customer_uid TEXT, status TEXT NOT NULL,
  started_at INTEGER NOT NULL, paid_at INTEGER NOT NULL, failed_at INTEGER NOT NULL, cancelled_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, due_at INTEGER NOT NULL DEFAULT 0, busy_until REAL NOT NULL DEFAULT 0,
  is_hidden INTEGER NOT NULL DEFAULT 0, inner TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payments_by_order ON payments (imp_code, merchant_uid);
CREATE INDEX IF NOT EXISTS payments_by_key ON payments (imp_code, customer_uid, started_at);
CREATE INDEX IF NOT EXISTS payments_by_start ON payments (imp_code, status, started_at);
CREATE INDEX IF NOT EXISTS payments_by_pay ON payments (imp_code, status, paid_at);
CREATE INDEX IF NOT EXISTS payments_due ON payments (due_at) WHERE due_at > 0;
CREATE TABLE IF NOT EXISTS prepared (
  imp_code TEXT NOT NULL, merchant_uid TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT, PRIMARY KEY (imp_code, merchant_uid)
);
CREATE TABLE IF NOT EXISTS schedules (
  imp_code TEXT NOT NULL, merchant_uid TEXT NOT NULL, customer_uid TEXT NOT NULL, schedule_at INTEGER NOT NULL,
  schedule_status TEXT NOT NULL, running_until REAL NOT NULL DEFAULT 0, inner TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (imp_code, merchant_uid)
);
CREATE INDEX IF NOT EXISTS schedules_due ON schedules (schedule_status, schedule_at);
CREATE INDEX IF NOT EXISTS schedules_of_key ON schedules (imp_code, customer_uid, schedule_at);
CREATE TABLE IF NOT EXISTS receipts (
  imp_code TEXT NOT NULL, kind TEXT NOT NULL, uid TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (imp_code, kind, uid)
);
CREATE TABLE IF NOT EXISTS windows (
  id TEXT PRIMARY KEY, imp_code TEXT NOT NULL, imp_uid TEXT NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS webhooks (
  id INTEGER PRIMARY KEY, imp_code TEXT NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL, made_at INTEGER NOT NULL,
  due REAL NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS webhooks_due ON webhooks (state, due);
CREATE TABLE IF NOT EXISTS webhook_attempts (
  id INTEGER PRIMARY KEY, webhook_id INTEGER NOT NULL, sent_at INTEGER NOT NULL, status INTEGER, error TEXT, seconds REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS faults (id INTEGER PRIMARY KEY, body TEXT NOT NULL, seen INTEGER NOT NULL DEFAULT 0, fired INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS requests (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, ms REAL NOT NULL, fault TEXT
);
