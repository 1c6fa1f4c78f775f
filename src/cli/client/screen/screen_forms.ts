/**
 * The forms of the full-screen client: their fields, and what their texts mean.
 */
import type { AccountName } from "../../../account_name.ts";
import type { PaymentTerms } from "../../../client/payment/payment.ts";
import type { Amount } from "../../../money.ts";
import {
  accountName,
  amount,
  memo,
  oneTimeCode,
  paymentReference,
  payUri,
  requestLifetime,
  typedAccountName,
} from "../../command_line/option_values.ts";
import { ValueRefusal } from "../../command_line/value_rule.ts";
import type { PayUri } from "../../../protocol/micropay_uri.ts";
import type { PaymentReference } from "../payment_reference.ts";
import type { Form, FormName, TextField } from "./screen_state.ts";
import { textField } from "./text_field.ts";

/** What a form asks for, once all of its texts are good. */
export type FormAction =
  | {
    readonly kind: "register";
    readonly account: AccountName;
    readonly typed: string;
    readonly code: string | undefined;
  }
  | { readonly kind: "login"; readonly name: AccountName }
  | { readonly kind: "pay"; readonly terms: PaymentTerms }
  | {
    readonly kind: "request";
    readonly amount: Amount;
    readonly memo: string | undefined;
    readonly payer: AccountName | undefined;
    readonly lifetimeMs: number;
  }
  | { readonly kind: "pay request"; readonly uri: PayUri }
  | {
    readonly kind: "refund";
    readonly payment: PaymentReference;
    readonly amount: Amount | undefined;
  }
  | { readonly kind: "passphrase"; readonly passphrase: string }
  | { readonly kind: "search" };

/** Texts that a form begins with, by the labels of its fields. */
export type Prefilled = Readonly<Record<string, string>>;

interface FormDefinition {
  readonly labels: readonly string[];
  readonly read: (field: (label: string) => FieldReader) => FormAction;
}

interface FieldReader {
  readonly text: string;
  required<Value>(read: (text: string) => Value): Value;
  /** @returns `undefined` for an empty text */
  optional<Value>(read: (text: string) => Value): Value | undefined;
}

/** The menu's questions are the labels. */
const definitions: Readonly<Partial<Record<FormName, FormDefinition>>> = {
  register: {
    labels: ["Name", "The operator's one-time code, empty for none"],
    read: (field) => ({
      kind: "register",
      ...field("Name").required(typedAccountName),
      code: field("The operator's one-time code, empty for none").optional(oneTimeCode),
    }),
  },
  login: {
    labels: ["Name"],
    read: (field) => ({ kind: "login", name: field("Name").required(accountName) }),
  },
  pay: {
    labels: ["Payee", "Amount", "Memo, empty for none"],
    read: (field) => ({
      kind: "pay",
      terms: {
        payee: field("Payee").required(accountName),
        amount: field("Amount").required(amount),
        memo: field("Memo, empty for none").optional(memo),
      },
    }),
  },
  request: {
    labels: [
      "Amount",
      "Memo, empty for none",
      "Payer, empty for anybody",
      "How long, as 30m, 2h or 7d, empty for 1h",
    ],
    read: (field) => ({
      kind: "request",
      amount: field("Amount").required(amount),
      memo: field("Memo, empty for none").optional(memo),
      payer: field("Payer, empty for anybody").optional(accountName),
      lifetimeMs: field("How long, as 30m, 2h or 7d, empty for 1h").optional(requestLifetime) ??
        requestLifetime("1h"),
    }),
  },
  "pay request": {
    labels: ["Request, its whole line"],
    read: (field) => ({
      kind: "pay request",
      uri: field("Request, its whole line").required(payUri),
    }),
  },
  refund: {
    labels: ["Payment, its entry or id", "Amount, empty for all that is left"],
    read: (field) => ({
      kind: "refund",
      payment: field("Payment, its entry or id").required(paymentReference),
      amount: field("Amount, empty for all that is left").optional(amount),
    }),
  },
  passphrase: {
    labels: ["Passphrase"],
    read: (field) => ({ kind: "passphrase", passphrase: field("Passphrase").text }),
  },
  search: { labels: ["Search"], read: () => ({ kind: "search" }) },
};

/** What Tab completes names to. */
export interface CompletedNames {
  /** Accounts of this person on the ledger. */
  readonly accounts: readonly string[];
  /** Members who are online, and those whom the wallet knows. */
  readonly peers: readonly string[];
}

/** Returns a form whose first empty field takes the keys. */
export function openForm(
  name: FormName,
  { prefilled = {}, names }: {
    readonly prefilled?: Prefilled | undefined;
    readonly names: CompletedNames;
  },
): Form {
  const fields = definitionOf(name).labels.map((label): TextField => ({
    ...textField(label, {
      text: prefilled[label] ?? "",
      completions: completionsOf(label, names),
    }),
    ...(name === "passphrase" && { isSecret: true }),
  }));
  const empty = fields.findIndex(({ text }) => text === "");
  return { name, fields, focus: empty < 0 ? fields.length - 1 : empty, busy: false };
}

function completionsOf(label: string, names: CompletedNames): readonly string[] {
  if (label === "Payee" || label === "Payer, empty for anybody") return names.peers;
  return label === "Name" ? names.accounts : [];
}

/** @returns what the form asks for, or the form with the fault beside the first bad text */
export function readForm(form: Form): FormAction | Form {
  const { labels, read } = definitionOf(form.name);
  let reading = 0;
  const field = (label: string): FieldReader => {
    reading = labels.indexOf(label);
    const { isSecret, text: typed } = form.fields[reading]!;
    const text = isSecret ? typed : typed.trim();
    return {
      text,
      required: (readValue) => readValue(text),
      optional: (readValue) => text === "" ? undefined : readValue(text),
    };
  };
  try {
    return read(field);
  } catch (error) {
    if (!(error instanceof ValueRefusal)) throw error;
    const { rule } = error;
    const fields = form.fields.map((one, index) =>
      index === reading ? { ...one, fault: rule } : one
    );
    return { ...form, fields, focus: reading };
  }
}

function definitionOf(name: FormName): FormDefinition {
  const definition = definitions[name];
  if (!definition) throw new TypeError(`there is no form ${name}`);
  return definition;
}
