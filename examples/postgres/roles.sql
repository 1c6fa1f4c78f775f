-- Makes the roles and the empty database of a ledger. A superuser runs it on the primary:
--
--   MICROPAY_KEYS=/etc/micropay psql -X -d postgres -f roles.sql
--
-- The folder has the passwords that make-keys made. Run it again for a new database, after the old
-- one was renamed or dropped. The roles stay then, and get the passwords of the folder.
\set ON_ERROR_STOP on
-- There may be no standby yet.
SET synchronous_commit = local;

SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY[
    'micropay_owner', 'micropay_server', 'micropay_reader', 'micropay_standby']) AS role (name)
  WHERE to_regrole(name) IS NULL
\gexec
-- Owns the tables. It is used to make them, and by nothing that runs.
\set password `cat "$MICROPAY_KEYS/micropay_owner.password"`
ALTER ROLE micropay_owner LOGIN PASSWORD :'password';
-- The servers, and the commands that write: deposit, withdraw, reissue, close, invite.
\set password `cat "$MICROPAY_KEYS/micropay_server.password"`
ALTER ROLE micropay_server LOGIN PASSWORD :'password';
-- The commands that read: audit, balances, show, export, backup. Also for your own queries.
\set password `cat "$MICROPAY_KEYS/micropay_reader.password"`
ALTER ROLE micropay_reader LOGIN PASSWORD :'password';
-- Copies the data folder and the log. It can read everything.
\set password `cat "$MICROPAY_KEYS/micropay_standby.password"`
ALTER ROLE micropay_standby LOGIN REPLICATION PASSWORD :'password';

CREATE DATABASE ledger OWNER micropay_owner
  TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
REVOKE ALL ON DATABASE ledger FROM PUBLIC;
GRANT CONNECT ON DATABASE ledger TO micropay_server, micropay_reader;

\connect ledger
SET synchronous_commit = local;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO micropay_owner;
GRANT USAGE ON SCHEMA public TO micropay_server, micropay_reader;
