/**
 * JSON that no encoder of ours writes, as text: what `JSON.stringify` cannot say is here too.
 */
import fc from "fast-check";
import { codePoint } from "../code_point.ts";

/** The members of an object as they are written, in order; a name may come twice. */
export type Members = readonly (readonly [name: string, json: string])[];

export type MemberChange =
  | { readonly what: "set" | "add" | "again"; readonly at: number; readonly json: string }
  | { readonly what: "remove" | "double" | "wrap"; readonly at: number }
  | { readonly what: "rename"; readonly at: number; readonly name: string };

const names = [
  "__proto__",
  "constructor",
  "toString",
  "",
  "a.b",
  "\u0000",
  "\ud800",
  "x".repeat(300),
  ...["type", "seq", "conn", "to", "iat", "body", "enc", "csr", "id", "order", "name", "memo"],
];

const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

/** Values of every type and at every edge. */
export const oddJson: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ...["null", "true", "false", "0", "-0", "1", "-1", "0.5", "1e999", "-1e999", "1e-999", "1e21"],
    ...["9007199254740991", "9007199254740992", "1.0", "1E0", "01", "NaN", "", "'a'", "[1,]"],
    ...["2147483648", "4294967296", "65535", "65536", "8640000000000001", "253402300800"],
    ...['""', '" "', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"__proto__"', '"\\u202e"'],
    ...['"@issuer"', '"alice"', '"bob"', '"ALICE"', '"bob\\n"', '"micropay:server"'],
    ...["{}", "[]", "[[]]", '{"a":1,"a":2}', '{"__proto__":{"amount":1}}', '{"length":1}'],
    ...[deep(5), deep(8), deep(2000), "[".repeat(9) + "]".repeat(9), `"${"a".repeat(20_000)}"`],
  ),
  fc.json({ maxDepth: 3 }),
  fc.string({ unit: codePoint, maxLength: 40 }).map((text) => JSON.stringify(text)),
  fc.double().map(String),
  fc.maxSafeInteger().map(String),
);

const at = fc.nat({ max: 15 });

export const memberChange: fc.Arbitrary<MemberChange> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant("set" as const), at, json: oddJson }),
  },
  fc.record({ what: fc.constantFrom("add" as const, "again" as const), at, json: oddJson }),
  fc.record({
    what: fc.constantFrom("remove" as const, "double" as const, "wrap" as const),
    at,
  }),
  fc.record({ what: fc.constant("rename" as const), at, name: fc.constantFrom(...names) }),
);

export const memberChanges: fc.Arbitrary<MemberChange[]> = fc.array(memberChange, { maxLength: 2 });

export function membersOf(value: object): Members {
  return Object.entries(value).map(([name, member]) => [name, JSON.stringify(member)] as const);
}

export function changedMembers(members: Members, changes: readonly MemberChange[]): Members {
  return changes.reduce(changedOnce, members);
}

function changedOnce(members: Members, change: MemberChange): Members {
  const at = change.at % Math.max(1, members.length);
  const [name, json] = members[at] ?? ["a", "1"];
  switch (change.what) {
    case "set":
      return members.toSpliced(at, 1, [name, change.json]);
    case "add":
      return members.toSpliced(at, 0, [names[change.at % names.length]!, change.json]);
    case "again":
      return members.toSpliced(at, 0, [name, change.json]);
    case "remove":
      return members.toSpliced(at, 1);
    case "double":
      return members.toSpliced(at, 0, [name, json]);
    case "wrap":
      return members.toSpliced(at, 1, [name, `[${json}]`]);
    case "rename":
      return members.toSpliced(at, 1, [change.name, json]);
  }
}

export function jsonOf(members: Members): string {
  return `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join()}}`;
}
