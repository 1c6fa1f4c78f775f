/** Names of joined ledgers, which a person chooses. */

/** Longest name of a joined ledger in characters. Past it: it is not a name. */
export const ledgerNameCharactersMax = 64;

/** The rule that a refusal of a name cites. */
export const ledgerNameRule =
  `a ledger's name is 1 to ${ledgerNameCharactersMax} of a-z A-Z 0-9 . _ : - and does not start with -`;

/** Returns whether the text can be the name of a joined ledger. Hosts of this length are names. */
export function isLedgerName(text: string): boolean {
  return /^[A-Za-z0-9._:][A-Za-z0-9._:-]*$/.test(text) && text.length <= ledgerNameCharactersMax;
}
