-- A ledger of schema version 1, as it was made before there were refunds: an opening and a payment.
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1836081529;
PRAGMA user_version = 1;
CREATE TABLE ledger (id TEXT NOT NULL PRIMARY KEY) STRICT;
INSERT INTO ledger (id) VALUES ('5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a');
CREATE TABLE client (
    username TEXT NOT NULL PRIMARY KEY,
    ip TEXT,
    public_port INTEGER,
    private_port INTEGER,
    online_status INTEGER NOT NULL DEFAULT 0 CHECK (online_status IN (0, 1)),
    balance INTEGER NOT NULL DEFAULT 0 CHECK (
      balance BETWEEN -9007199254740991 AND 9007199254740991
      AND (balance >= 0 OR username = '@issuer')
    )
  ) STRICT, WITHOUT ROWID;
CREATE INDEX client_online ON client (username) WHERE online_status = 1;
INSERT INTO client (username) VALUES ('@issuer');
CREATE TABLE certificate (
    fingerprint TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL REFERENCES client (username),
    key_fingerprint TEXT NOT NULL,
    der BLOB NOT NULL,
    issued_at TEXT NOT NULL,
    revoked_at TEXT
  ) STRICT;
CREATE UNIQUE INDEX certificate_valid ON certificate (username) WHERE revoked_at IS NULL;
CREATE TABLE entry (
    number INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    payer TEXT NOT NULL REFERENCES client (username),
    payee TEXT NOT NULL REFERENCES client (username),
    amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
    memo TEXT,
    order_jws TEXT NOT NULL,
    at TEXT NOT NULL,
    payer_balance INTEGER NOT NULL,
    payee_balance INTEGER NOT NULL,
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    CHECK (payer <> payee)
  ) STRICT;
CREATE INDEX entry_payer ON entry (payer, number);
CREATE INDEX entry_payee ON entry (payee, number);
CREATE TRIGGER entry_appended BEFORE INSERT ON entry
    WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM entry)
      OR EXISTS (SELECT 1 FROM entry WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'an entry is appended after the last one, with an id of its own'); END;
CREATE TRIGGER entry_unchanged BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the ledger is never changed'); END;
CREATE TRIGGER entry_kept BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the ledger is never deleted'); END;
INSERT INTO client (username) VALUES ('alice'), ('bob');
INSERT INTO certificate VALUES ('e9f3017dd10633fa751d4142a6280ed6695b23ffb7961bbd553b0ff77de968f7', 'alice',
  '4cb76586ddb4724885df2fbc0d9de4a09071524bab341e083abe35c36eba89be',
  CAST('DER of alice' AS BLOB), '2026-11-23T12:00:00.000Z', NULL);
INSERT INTO certificate VALUES ('744a733d9c228d81fbb0d71a539c7d8fb7c76dbdc954b7c8fd9a15def392fe2c', 'bob',
  '6dc30a2da57aeb582bd3d09a9e62cf17d58614dd02514402465c4c2eeb53eff0',
  CAST('DER of bob' AS BLOB), '2026-11-23T12:00:00.000Z', NULL);
INSERT INTO entry VALUES (1, '019ab000-0000-7000-8000-000000000001', 'opening', '@issuer', 'alice', 10000, NULL,
  'registered',
  '2026-11-23T12:00:00.000Z', -10000, 10000,
  'd15cb5ddc5695f515613c059637a8f59a67e4fbdcc6061f55f57f9b321dacdf1');
INSERT INTO entry VALUES (2, '019ab000-0000-7000-8000-000000000002', 'payment', 'alice', 'bob', 2000, 'lunch "é" 𝄞',
  'eyJ.eyJ.sig',
  '2026-11-23T12:00:00.001Z', 8000, 2000,
  'f4f33509fcdb69e31810b201ef2498825997447b99c5cff7dcfa89a8f0474b8e');
UPDATE client SET balance = -10000 WHERE username = '@issuer';
UPDATE client SET balance = 8000 WHERE username = 'alice';
UPDATE client SET balance = 2000, online_status = 1 WHERE username = 'bob';
