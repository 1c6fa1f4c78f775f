-- Makes the roles and the empty database of a ledger. A superuser runs it once, on the primary:
--
--   MICROPAY_KEYS=/etc/micropay psql -X -d postgres -f roles.sql
--
-- The folder has the passwords that make-keys made.
\set ON_ERROR_STOP on
-- There may be no standby yet.
SET synchronous_commit = local;

-- Owns the tables. It is used to make them, and by nothing that runs.
\set password `cat "$MICROPAY_KEYS/micropay_owner.password"`
CREATE ROLE micropay_owner LOGIN PASSWORD :'password';
-- The servers, and the commands that write: deposit, withdraw, reissue, close, invite.
\set password `cat "$MICROPAY_KEYS/micropay_server.password"`
CREATE ROLE micropay_server LOGIN PASSWORD :'password';
-- The commands that read: audit, balances, show, export, backup. Also for your own queries.
\set password `cat "$MICROPAY_KEYS/micropay_reader.password"`
CREATE ROLE micropay_reader LOGIN PASSWORD :'password';
-- Copies the data folder and the log. It can read everything.
\set password `cat "$MICROPAY_KEYS/micropay_standby.password"`
CREATE ROLE micropay_standby LOGIN REPLICATION PASSWORD :'password';

CREATE DATABASE ledger OWNER micropay_owner
  TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
REVOKE ALL ON DATABASE ledger FROM PUBLIC;
GRANT CONNECT ON DATABASE ledger TO micropay_server, micropay_reader;

\connect ledger
SET synchronous_commit = local;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO micropay_owner;
GRANT USAGE ON SCHEMA public TO micropay_server, micropay_reader;
