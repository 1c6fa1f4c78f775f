/**
 * What a peer with a valid signature can send: requests in the protocol's shapes, orders and
 * receipts, with and without damage.
 */
import fc from "fast-check";
import { routes } from "../../src/server/routes.ts";
import { type MemberChange, memberChanges } from "./odd_json.ts";
import { valuesOf } from "./shape_values.ts";

export type Name = "alice" | "bob" | "dave";

export type Input = Said | { readonly receipt: readonly MemberChange[] };

/** What somebody says to the server. */
export interface Said {
  readonly speaker: Name;
  /** Instead of the request's body: an order of alice's or bob's, with changes. */
  readonly order?:
    | {
      readonly from: "alice" | "bob";
      readonly changes: readonly MemberChange[];
      /** Whose certificate it refers to. Without that it is whole. */
      readonly refersTo?: "alice" | "bob" | undefined;
    }
    | undefined;
  readonly request: { readonly type: string; readonly body: unknown };
  readonly bodyChanges: readonly MemberChange[];
  readonly messageChanges: readonly MemberChange[];
}

const requests: fc.Arbitrary<Said["request"]> = fc.oneof(
  ...[...routes.values()].map(({ requestType: { type, request } }) =>
    fc.record({ type: fc.constant(type), body: valuesOf(request) })
  ),
  fc.record({
    type: fc.constantFrom("pay", "reply", "result", "ping", "unknown", "constructor"),
    body: fc.constant({}),
  }),
);
const changes = (weight: number): fc.Arbitrary<MemberChange[]> =>
  fc.oneof({ weight, arbitrary: fc.constant<MemberChange[]>([]) }, memberChanges);

export const inputs: fc.Arbitrary<Input> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ receipt: changes(0) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      speaker: fc.constantFrom<Name>("alice", "alice", "bob", "dave"),
      request: requests,
      bodyChanges: changes(1),
      messageChanges: changes(6),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      speaker: fc.constantFrom<Name>("alice", "bob"),
      order: fc.record({
        from: fc.constantFrom<"alice" | "bob">("alice", "bob"),
        changes: changes(0),
        refersTo: fc.constantFrom(undefined, "alice" as const, "bob" as const),
      }),
      request: fc.constant({ type: "submit", body: {} }),
      bodyChanges: changes(9),
      messageChanges: changes(30),
    }),
  },
);
