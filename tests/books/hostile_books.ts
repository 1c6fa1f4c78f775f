/**
 * Books with names and memos that have a meaning in the formats of an export.
 */
import { type Books, openBooks } from "../operator/books.ts";

/** Memos that have a meaning in one of the formats, or would have one without escapes. */
export const hostileMemos = [
  "; comment",
  "a ; b",
  'quote " and \\ backslash \\" end\\',
  "pipe | star * bang ! (code)",
  "date:2020-01-01",
  "[2020-01-01]",
  "[=2020-01-01]",
  "a, type:X, account:assets",
  "  members:alice  -5 = 0",
  "= 99",
  "=1+1",
  "+1",
  "-1",
  "@SUM(A1)",
  "'quoted",
  "＝1",
  "a,b",
  "100%",
  "#tag ^link @ 5 {7}",
  "include /etc/passwd",
  "end comment",
  "Ünïcödé 漢字 👩‍🚀 עברית",
  " leading and trailing ",
  "\u3000\u00a0wide blanks\u2003",
  "a;b",
  " =1+1",
  "\u00a0\u3000-1",
  "\u200b@SUM(A1)",
  "\u00ad \ufe62 1",
  "\ufe63 1",
  "\uff0b1",
  "\uff20SUM(A1)",
  "\u22121",
  "\u2800=1",
  "=\u0338 1", // composes to another character
  "%3A",
];

/** Names with all allowed characters. */
export const hostileNames = ["0x.y_z-1", "a-2eb", "a.b", "7", "issuer", "carried", "a--b__c.."];

/** Returns the books of these names, with these memos and a clock that is set back once. */
export async function openHostileBooks(): Promise<Books> {
  const books = await openBooks();
  for (const name of hostileNames) await books.register(name, 10_000);
  for (const [index, memo] of hostileMemos.entries()) {
    const payer = hostileNames[index % hostileNames.length]!;
    const payee = hostileNames[(index + 1) % hostileNames.length]!;
    if (index % 5 === 4) books.clock.advance(86_400_000);
    // The clock is set back between two payments.
    if (index === 12) books.clock.jump(-36 * 3_600_000);
    const { id } = await books.move([payer, payee], index + 1, { memo });
    if (index % 3 === 0) await books.move([payee, payer], 1, { refunds: id, memo });
  }
  return books;
}
