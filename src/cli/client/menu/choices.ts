/**
 * What the menu offers.
 */

/**
 * The first five are the course project's. Scripts answer their questions line by line, and those
 * of the next four, so none of these ever changes. Newer choices have numbers and questions of
 * their own.
 */
const choices: readonly (readonly [name: string, meaning: string])[] = [
  ["REGISTER", "opens an account"],
  ["LOGIN", "logs in, and takes payments from then on"],
  ["LIST", "shows the balance and who is online"],
  ["TRANSACTION", "pays somebody"],
  ["EXIT", "leaves, and prints the bytes written and read and the time"],
  ["HISTORY", "shows the newest payments"],
  ["REFUND", "gives back a payment"],
  ["TRANSACTION WITH A MEMO", "pays somebody, and says what for"],
  ["REGISTER WITH A CODE", "opens an account with the operator's code"],
  ["REQUEST", "asks for a payment"],
  ["REQUESTS", "lists the payment requests that you made"],
  ["PAY A REQUEST", "shows a payment request, and pays it after a yes"],
  ["RECEIPT", "prints the receipt of a payment, for micropay verify"],
  ["MESSAGES", "shows the encrypted messages, or hides them again"],
  ["HELP", "explains the choices"],
];

export const choicesCount = choices.length;

const numbered = choices.map(([name], at) => `${at + 1} ${name}`);

/** The lines before each question for a choice. */
export const choiceLines: readonly string[] = [[0, 5], [5, 9], [9, choicesCount]].map((range) =>
  numbered.slice(...range).join("   ")
);

/** What each choice does, a line for each. */
export const helpLines: readonly string[] = choices.map(([, meaning], at) =>
  `${numbered[at]!.padEnd(25)}  ${meaning}`
);
