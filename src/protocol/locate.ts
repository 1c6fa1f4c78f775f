/** LOCATE: where one member takes payments. What a payer needs of the list, without the list. */
import * as v from "valibot";
import type { Exchange } from "./exchange.ts";
import { onlineMemberShape } from "./list.ts";
import { accountNameShape } from "./shapes.ts";

const request = v.strictObject({ name: accountNameShape });

export const locateExchange = {
  type: "locate",
  request,
  success: 300,
  answer: onlineMemberShape,
} as const satisfies Exchange<"locate", unknown, unknown>;
