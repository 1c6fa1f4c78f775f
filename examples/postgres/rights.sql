-- Grants the rights in a ledger's tables, after `micropay ledger create` made them. The owner or a
-- superuser runs it on the primary:
--
--   psql -X -d ledger -f rights.sql
--
-- Nobody gets the right to change or delete an entry or a change of an account, and nobody but the
-- owner can drop a table or disable its triggers.
\set ON_ERROR_STOP on
BEGIN;

GRANT SELECT ON ALL TABLES IN SCHEMA public TO micropay_reader, micropay_server;

GRANT INSERT ON entry, account_change, certificate, client, invitation, voided_order, void_floor,
  writer, server, relayed_message TO micropay_server;
GRANT UPDATE (number, subtrees, void_number) ON head TO micropay_server;
GRANT UPDATE (ip, public_port, private_port, online_status, balance, server, asked_to_leave)
  ON client TO micropay_server;
GRANT UPDATE (uses, revoked_at) ON invitation TO micropay_server;
GRANT UPDATE (expires_at) ON void_floor TO micropay_server;
GRANT UPDATE (batch) ON writer TO micropay_server;
GRANT UPDATE (seen_at) ON server TO micropay_server;
GRANT UPDATE (sent_at, is_end) ON relayed_message TO micropay_server;
GRANT DELETE ON voided_order, writer, server, relayed_message TO micropay_server;

COMMIT;
